import type { MetricPoint } from './metric-point.ts';
import type { Attributes, Source } from './source.ts';

/**
 * The identity of a point's series: its resource, scope, metric and attributes, whatever their
 * order. Two points have the same key if and only if they are of the same series.
 */
export function seriesKey({ source, name, unit, attributes, data }: MetricPoint): string {
  return `${sourceKey(source)}\n${JSON.stringify([name, unit, data.kind, sorted(attributes)])}`;
}

/** All points of a scope share one source, so its part of the key is made once. */
const sourceKeys = new WeakMap<Source, string>();

function sourceKey(source: Source): string {
  let key = sourceKeys.get(source);
  if (key === undefined) {
    key = JSON.stringify([source.scope, sorted(source.resource)]);
    sourceKeys.set(source, key);
  }
  return key;
}

function sorted(attributes: Attributes): unknown[] {
  return [...attributes].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
