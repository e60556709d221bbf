import { getCell } from '@graylane/baggage';
import type { Attributes, Context } from '@opentelemetry/api';
import { laneOf, requestOf } from './lane-of.ts';
import { tagsOf } from '../tags/request-tags.ts';
import { KnownLanes, otherLane, processLanes } from './known-lanes.ts';

/** The lanes and tags that may become labels of metrics. */
export interface MetricLabelOptions {
  /** The known lanes, without `baseline`. Their controls are known, too. */
  readonly lanes: readonly string[];
  /**
   * Tags as labels, each with the values that it may have, e.g. `{ tenant: ['acme'] }`; another one
   * is `other`. Default: none.
   */
  readonly labels?: Readonly<Record<string, readonly string[]>>;
}

/** The labels of a request in metrics, bounded in number. */
export class MetricLabels {
  readonly #lanes: KnownLanes;
  readonly #tags: readonly (readonly [string, ReadonlySet<string>])[];

  /** @throws {TypeError} if a name can't be that of a lane. */
  constructor({ lanes, labels = {} }: MetricLabelOptions) {
    if (!Array.isArray(lanes)) throw new TypeError('lanes must be an array of lane names, e.g. ["gray"]');
    this.#lanes = new KnownLanes(lanes);
    this.#tags = Object.entries(labels).map(([name, values]) => [name, new Set(values)] as const);
    processLanes().known = this.#lanes;
  }

  of(otelContext: Context): Record<string, string> {
    return this.with({}, otelContext);
  }

  /** Attributes of a measurement, and the labels. */
  with(attributes: Attributes, otelContext: Context): Record<string, string> & Attributes {
    const lane = this.#lanes.label(laneOf(requestOf(otelContext)));
    // The lane comes first: extending a copy of an object takes ten times as long as filling one.
    const all: Record<string, string> & Attributes = { lane, ...attributes };
    all['lane'] = lane;
    if (this.#tags.length === 0) return all;
    const tags = tagsOf(getCell(otelContext));
    for (const [name, values] of this.#tags) {
      const value = tags[name] ?? '';
      all[name] = value === '' || values.has(value) ? value : otherLane;
    }
    return all;
  }
}
