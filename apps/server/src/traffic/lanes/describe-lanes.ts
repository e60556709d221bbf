import type { FlagSet } from '@graylane/flags';
import type { RolloutRecord } from '../../rollouts/process/record.ts';
import { summaryOf } from '../../rollouts/report/view.ts';
import type { Lapses } from '../map/lapses.ts';
import { windowMs, type Calls } from './calls.ts';
import { describeCalls } from './describe-calls.ts';
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
