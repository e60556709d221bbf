import type { FlagSet } from '@graylane/flags';
import type { RolloutRecord } from '../../rollouts/process/record.ts';
import { summaryOf } from '../../rollouts/report/view.ts';
import type { Lapses } from '../map/lapses.ts';
import { windowMs, type Calls } from './calls.ts';
import { quantileRange, type QuantileRange } from './durations.ts';
import { laneRules } from './lane-rules.ts';
import type { LaneTraffic } from './lane-traffic.ts';

/** The parts that lanes are described from. */
export interface LaneSources {
  readonly flags: FlagSet;
  readonly traffic: LaneTraffic;
  /** Lost and foreign dyes in the newest traces, by lane. */
  readonly lapses: ReadonlyMap<string, Lapses>;
  /** The rollouts that own a dye rule now. */
  readonly rollouts: readonly RolloutRecord[];
}

const controlSuffix = '-control';
const baseline = 'baseline';

/**
 * Each lane that a dye rule can yield or that has traffic: share, rules in words, the services that
 * served it, and its requests beside those of its control (without one, of baseline).
 */
export function describeLanes(sources: LaneSources, now: number): object {
  const { flags, traffic, lapses } = sources;
  const rules = laneRules(flags);
  const names = new Set([
    baseline,
    ...rules.keys(),
    ...traffic.lanes(now),
    ...lapses.keys(),
    ...flags.killed.lanes,
  ]);
  const all = traffic.total(undefined, now).requests;
  // Each lane is compared with baseline, which has the most windows.
  const totals = new Map<string, Calls>();
  const total = (lane: string): Calls => {
    const known = totals.get(lane) ?? traffic.total(lane, now);
    totals.set(lane, known);
    return known;
  };
  return {
    windowSeconds: windowMs / 1000,
    requests: all,
    lanes: Array.from(names, (lane) =>
      describeLane(lane, rules.get(lane) ?? [], { ...sources, all, total }, now),
    ),
    events: Array.from(traffic.events.all(), ({ service, event, count }) => ({
      service,
      event,
      count: count.count,
      last5Minutes: count.recent(now),
      last: new Date(count.last).toISOString(),
    })),
  };
}

/** The lanes' sources, the number of all requests, and the calls of each lane. */
interface Totals extends LaneSources {
  readonly all: number;
  readonly total: (lane: string) => Calls;
}

function describeLane(
  lane: string,
  rules: readonly object[],
  { flags, traffic, lapses, rollouts, all, total }: Totals,
  now: number,
): object {
  const calls = total(lane);
  const besides = [`${lane}${controlSuffix}`, baseline].filter((one) => one !== lane);
  const beside = besides.find((one) => total(one).requests > 0);
  const rollout = rollouts.find(
    ({ definition }) => lane === definition.lane || lane === `${definition.lane}${controlSuffix}`,
  );
  const { escaped = 0, leaked = 0, fallback = 0 } = lapses.get(lane) ?? {};
  return {
    lane,
    isControl: lane.endsWith(controlSuffix),
    killed: flags.killed.lanes.has(lane),
    share: all === 0 ? null : calls.requests / all,
    rules,
    ...describeCalls(calls),
    services: Array.from(traffic.services(lane, now), ({ service, calls: one, last }) => ({
      service,
      ...describeCalls(one),
      lastReported: new Date(last).toISOString(),
    })).toSorted((a, b) => b.requests - a.requests),
    beside: beside === undefined ? null : { lane: beside, ...describeCalls(total(beside)) },
    escaped,
    leaked,
    fallback,
    rollout: rollout === undefined ? null : summaryOf(rollout),
  };
}

interface DescribedCalls {
  readonly requests: number;
  /** With the 95 % interval of Wilson. */
  readonly errors: {
    readonly count: number;
    readonly ratio: number | null;
    readonly low: number;
    readonly high: number;
  };
  /** In seconds, as precisely as the buckets of the histograms allow; null without histograms. */
  readonly latency: { readonly p50: QuantileRange; readonly p95: QuantileRange } | null;
}

function describeCalls({ requests, errors, durations }: Calls): DescribedCalls {
  const p50 = durations && quantileRange(durations, 0.5);
  const p95 = durations && quantileRange(durations, 0.95);
  return {
    requests,
    errors: { count: errors, ratio: requests === 0 ? null : errors / requests, ...wilson(errors, requests) },
    latency: p50 === undefined || p95 === undefined ? null : { p50, p95 },
  };
}

/** The 95 % interval of a proportion (Wilson, 1927). */
function wilson(hits: number, total: number): { low: number; high: number } {
  if (total === 0) return { low: 0, high: 1 };
  const z2 = 1.959964 ** 2;
  const center = (hits + z2 / 2) / (total + z2);
  const spread = (Math.sqrt(z2) / (total + z2)) * Math.sqrt((hits * (total - hits)) / total + z2 / 4);
  return { low: Math.max(0, center - spread), high: Math.min(1, center + spread) };
}
