import type { SpanRecord } from '../../../signals/span-record.ts';
import type { Assigned, Draw } from '../look-source.ts';

/** The most units of a draw; beyond, none are counted. */
const maxUnits = 100_000;

/**
 * Where gray and control have different shares, requests count from so long after the weights have
 * moved on, in ms: clients take a while to learn of them, and these requests were drawn by others.
 */
const settleMs = 30_000;

/** The first look at new weights comes within this time, in ms. */
const graceMs = 60_000;

/**
 * The units that were assigned to a lane and its control, as the edge drew them: requests by the
 * roots of their traces, users and tenants by their first request. Sampling at the root of a trace
 * does not change the shares.
 */
export class Assignments {
  readonly #lane: string;
  readonly #attributes: readonly string[] | undefined;
  readonly #seen = new Set<string>();
  #draw: Draw | undefined;
  #counts = { gray: 0, control: 0 };
  readonly #began = Date.now();

  /** @param attributes the names of the attribute of a unit; undefined for requests. */
  constructor(lane: string, attributes: readonly string[] | undefined) {
    this.#lane = lane;
    this.#attributes = attributes;
  }

  /** Adds the span of a request that a service handled in one of the arms. */
  add(span: SpanRecord): void {
    const draw = this.#draw;
    if (draw === undefined || this.#seen.size >= maxUnits) return;
    if (span.startMs < draw.since + (draw.expected === 0.5 ? 0 : settleMs)) return;
    const arm = span.attributes.get('lane') === this.#lane ? 'gray' : 'control';
    if (this.#isNew(span, arm)) this.#counts[arm] += 1;
  }

  /** The units since the last call. The first call of a draw begins to count. */
  take(draw: Draw): Assigned | undefined {
    const counts = this.#counts;
    this.#counts = { gray: 0, control: 0 };
    if (draw.expected !== this.#draw?.expected) {
      this.#draw = draw;
      this.#seen.clear();
      return undefined;
    }
    // After a restart of this server, users and tenants would count a second time.
    const isRepeated = this.#attributes !== undefined && this.#began > draw.since + graceMs;
    if (isRepeated || counts.gray + counts.control === 0) return undefined;
    return { ...counts, expected: draw.expected };
  }

  #isNew({ parentSpanId, attributes }: SpanRecord, arm: string): boolean {
    if (this.#attributes === undefined) return parentSpanId === undefined;
    const name = this.#attributes.find((one) => attributes.has(one));
    if (name === undefined) return false;
    const unit = `${arm} ${String(attributes.get(name))}`;
    if (this.#seen.has(unit)) return false;
    this.#seen.add(unit);
    return true;
  }
}
