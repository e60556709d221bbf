import { cutText } from '../../../signals/cut-text.ts';
import type { MetricPoint } from '../../../signals/metric-point.ts';
import type { Attributes, Source } from '../../../signals/source.ts';
import type { Increment } from '../counting/increment.ts';
import { labelName, metricName } from '../counting/label-name.ts';

/** Sources whose attributes are longer are cut: they are labels of a report. */
const maxCharacters = 200;

/** The requests that a delta counts; a reason if its durations are not in seconds. */
export function incrementOf(point: MetricPoint): Increment | string {
  const { data, unit, name, source, attributes } = point;
  const lane = laneOf(point) ?? '';
  const common = {
    service: source.service,
    instance: instanceOf(source),
    lane,
    metric: metricName(name),
    labels: labelsOf(attributes),
  };
  const counted = data.kind === 'sum' ? data.value : data.kind === 'gauge' ? 0 : data.count;
  if (counted > Number.MAX_SAFE_INTEGER)
    return `${name} of ${source.service} counts ${counted} requests in one report, which no service serves`;
  if (data.kind === 'sum')
    return { ...common, requests: data.value, seconds: undefined, durations: undefined };
  if (data.kind === 'gauge') return `${name} of ${source.service} is a gauge, which counts nothing`;
  if (unit !== 's' && unit !== '') {
    return `${name} of ${source.service} is in "${unit}": export durations in seconds`;
  }
  const { count: requests, sum: seconds } = data;
  if (data.kind === 'histogram') {
    const { bounds, counts } = data;
    return { ...common, requests, seconds, durations: { kind: 'histogram', bounds, counts } };
  }
  if (data.negative.counts.some((count) => count > 0)) {
    return `${name} of ${source.service} has durations below zero`;
  }
  const { scale, zeroCount: zero, zeroThreshold, positive } = data;
  const durations = { kind: 'exponential', scale, zero, zeroThreshold, ...positive } as const;
  return { ...common, requests, seconds, durations };
}

/** The lane of a point: of its series or, where a service runs for one lane, of its resource. */
export function laneOf({
  attributes,
  source,
}: Pick<MetricPoint, 'attributes' | 'source'>): string | undefined {
  const lane = attributes.get('lane') ?? source.resource.get('lane');
  return typeof lane === 'string' ? lane : undefined;
}

/**
 * The instance of a source: by its id or, without one, by its host and process; empty without
 * either.
 */
export function instanceOf({ instance, resource }: Source): string {
  if (instance !== undefined) return instance;
  const parts = ['host.name', 'process.pid']
    .map((name) => resource.get(name))
    .filter((one) => one !== undefined);
  return cutText(parts.map(String).join('/'), maxCharacters);
}

function labelsOf(attributes: Attributes): ReadonlyMap<string, string> {
  return new Map([...attributes].map(([name, value]) => [labelName(name), String(value)]));
}
