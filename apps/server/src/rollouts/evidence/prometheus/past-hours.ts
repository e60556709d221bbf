import type { Sli } from '../../definition/sli.ts';
import { labelName, metricName } from '../counting/label-name.ts';
import { SliMatcher } from '../counting/sli-matcher.ts';
import type { PastHour } from '../look-source.ts';
import { queryRange, type PrometheusAccess, type Series } from './prometheus-client.ts';

const dayMs = 86_400_000;

/**
 * The hour before a time on each of the seven days before it, in all lanes: context for people.
 * Unlike the counts of a look it may be estimated, so Prometheus adds it up.
 */
export async function pastHours(
  access: PrometheusAccess,
  sli: Sli,
  at: number,
  signal: AbortSignal,
): Promise<readonly PastHour[]> {
  const range = { from: at - 7 * dayMs, to: at - dayMs, stepMs: dayMs };
  const series = await queryRange(access, queryOf(sli), range, signal);
  const times = new Set(series.flatMap(({ samples }) => samples.map((sample) => sample.at)));
  return [...times]
    .toSorted((one, other) => one - other)
    .flatMap((time) => {
      const counted = series.flatMap(({ labels, samples }) => {
        const value = samples.find((sample) => sample.at === time)?.value ?? Number.NaN;
        return value >= 0 ? [{ labels, value }] : [];
      });
      const hour = sli.kind === 'errors' ? badOf(counted, new SliMatcher(sli)) : latencyOf(counted);
      return hour.requests > 0 ? [{ sli: sli.name, at: time - 3_600_000, ...hour }] : [];
    });
}

interface Counted {
  readonly labels: Series['labels'];
  readonly value: number;
}

function badOf(counted: readonly Counted[], matcher: SliMatcher): Pick<PastHour, 'requests' | 'badRatio'> {
  const sum = (some: readonly Counted[]): number => some.reduce((total, { value }) => total + value, 0);
  const requests = sum(counted);
  const bad = sum(counted.filter(({ labels }) => matcher.isBad(labels)));
  return { requests: Math.round(requests), badRatio: requests > 0 ? bad / requests : 0 };
}

function latencyOf(counted: readonly Counted[]): Pick<PastHour, 'requests' | 'p95'> {
  const upTo = counted
    .map(
      ({ labels, value }) => [Number((labels.get('le') ?? '').replace('+Inf', 'Infinity')), value] as const,
    )
    .toSorted(([one], [other]) => one - other);
  const requests = upTo.at(-1)?.[1] ?? 0;
  const p95 = upTo.find(([, value]) => value >= 0.95 * requests)?.[0] ?? Number.POSITIVE_INFINITY;
  return { requests: Math.round(requests), ...(Number.isFinite(p95) && { p95 }) };
}

/** Adds up an hour by bucket, or by the attributes that show an error. */
function queryOf({ kind, service, metric, selector = {}, ...sli }: Sli): string {
  const name = metricName(metric);
  const part = kind === 'latency' ? '_bucket' : '_count';
  const names = ['', '_seconds'].map((unit) => `${name}${unit}${part}`);
  if (kind === 'errors') names.push(`${name}_total`);
  const common = [
    `__name__=~"${names.join('|')}"`,
    ...Object.entries(selector).map(([label, value]) => `${labelName(label)}=${JSON.stringify(value)}`),
  ];
  const quoted = JSON.stringify(service);
  const ofService = [
    `service_name=${quoted}`,
    `service_name="",job=~${JSON.stringify(`(.*/)?${service.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)}`)}`,
  ];
  const increases = ofService.map((one) => `increase({${[...common, one].join(',')}}[1h])`);
  const by = 'bad' in sli ? Object.keys(sli.bad).map(labelName) : ['le'];
  return `sum by (${by.join(',')}) (${increases.join(' or ')})`;
}
