import type { Histogram } from '@graylane/rollout';
import type { Increment } from '../counting/increment.ts';
import { metricName } from '../counting/label-name.ts';
import { increaseOf } from './counter-increase.ts';
import type { Series } from './prometheus-client.ts';

/** The increments of a window, and the reasons why it must not be judged. */
export interface PrometheusIncrements {
  readonly increments: readonly Increment[];
  readonly faults: readonly string[];
  /** The time of the newest sample, in ms since 1970; -Infinity without one. */
  readonly newest: number;
}

/** A window of time, and the targets that were scraped before it. */
export interface ScrapedWindow {
  readonly from: number;
  readonly to: number;
  readonly scraped: ReadonlySet<string>;
}

const suffixes = /_(?:bucket|count|sum|total)$/;

/**
 * Counts the raw samples of one metric. The buckets of a histogram come as series of their own,
 * each of which counts the requests up to its bound.
 */
export function incrementsOf(
  series: readonly Series[],
  service: string,
  { from, to, scraped }: ScrapedWindow,
): PrometheusIncrements {
  const faults = new Set<string>();
  const groups = new Map<string, Group>();
  let newest = Number.NEGATIVE_INFINITY;
  for (const one of series) {
    const name = one.labels.get('__name__') ?? '';
    const increase = increaseOf(one, from, to, scraped.has(targetOf(one.labels)));
    if (increase === undefined) continue;
    if ('fault' in increase) {
      faults.add(`${name} of ${service}: ${increase.fault}`);
      continue;
    }
    newest = Math.max(newest, increase.newest);
    const group = groupOf(groups, one.labels, name.replace(suffixes, ''));
    if (name.endsWith('_bucket')) group.upTo.set(boundOf(one.labels.get('le')), increase.value);
    else if (name.endsWith('_sum')) group.seconds = increase.value;
    else group.requests = increase.value;
  }
  const increments = [...groups.values()].flatMap((group) => {
    const increment = incrementOf(group, service);
    if (typeof increment !== 'string') return increment.requests > 0 ? [increment] : [];
    faults.add(increment);
    return [];
  });
  return { increments, faults: [...faults], newest };
}

/** The series of one histogram or counter. */
interface Group {
  readonly metric: string;
  readonly labels: ReadonlyMap<string, string>;
  /** The requests of at most so many seconds. */
  readonly upTo: Map<number, number>;
  requests: number;
  seconds: number | undefined;
}

function groupOf(groups: Map<string, Group>, labels: Series['labels'], metric: string): Group {
  const others = [...labels].filter(([name]) => name !== '__name__' && name !== 'le');
  const key = JSON.stringify([metric, others.toSorted(([a], [b]) => (a < b ? -1 : 1))]);
  const known = groups.get(key);
  if (known) return known;
  const group = { metric, labels, upTo: new Map<number, number>(), requests: 0, seconds: undefined };
  groups.set(key, group);
  return group;
}

function incrementOf(
  { metric, labels, upTo, requests, seconds }: Group,
  service: string,
): Increment | string {
  const durations = upTo.size === 0 ? undefined : histogramOf(upTo);
  if (typeof durations === 'string') return `${metric}_bucket of ${service}: ${durations}`;
  return {
    service,
    instance: labels.get('instance') ?? '',
    lane: labels.get('lane') ?? '',
    metric: metricName(metric),
    labels,
    requests: upTo.get(Number.POSITIVE_INFINITY) ?? requests,
    seconds,
    durations,
  };
}

function histogramOf(upTo: ReadonlyMap<number, number>): Histogram | string {
  const all = [...upTo.keys()].toSorted((a, b) => a - b);
  if (all.at(-1) !== Number.POSITIVE_INFINITY) return 'there is no bucket le="+Inf"';
  const counts = all.map(
    (bound, at) => (upTo.get(bound) ?? 0) - (at > 0 ? (upTo.get(all[at - 1] ?? 0) ?? 0) : 0),
  );
  if (counts.some((count) => count < 0))
    return 'a bucket has counted less than a smaller one, so it was not reset with it';
  return { kind: 'histogram', bounds: all.slice(0, -1), counts };
}

function boundOf(le = ''): number {
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
}

/** The target of a series. */
export function targetOf(labels: Series['labels']): string {
  return JSON.stringify([labels.get('job'), labels.get('instance')]);
}
