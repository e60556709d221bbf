import type { CallHistory } from './call-history.ts';
import { totalOf, type Calls } from './calls.ts';
import { describeCalls } from './describe-calls.ts';

/** The time before and after a change that is compared. */
const aroundMs = 300_000;

const none: Calls = totalOf([]);

/**
 * The calls of each lane in the five minutes before a change and the five after it, by the time of
 * their report. `missing` has the reason if a side has no data.
 */
export function describeChange(history: CallHistory, at: number, now: number): object {
  const [from, to] = [at - aroundMs, at + aroundMs];
  const [before, after] = [history.between(from, at), history.between(at, to)];
  const lanes = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return {
    windowSeconds: aroundMs / 1000,
    isComplete: now >= to,
    missing: missingOf({ history, at, now, before, after }),
    lanes: lanes.map((lane) => ({
      lane,
      before: describeCalls(before.get(lane) ?? none),
      after: describeCalls(after.get(lane) ?? none),
    })),
  };
}

interface Sides {
  readonly history: CallHistory;
  readonly at: number;
  readonly now: number;
  readonly before: ReadonlyMap<string, Calls>;
  readonly after: ReadonlyMap<string, Calls>;
}

function missingOf({ history, at, now, before, after }: Sides): string | null {
  if (after.size > 0 && before.size > 0) return null;
  if (history.since > at) return 'this server started after the change, and keeps requests in memory alone';
  if (after.size === 0) {
    const kept = 'this server has no report of requests from these minutes: it keeps those of one day';
    return now < at + aroundMs ? 'no service has reported requests since the change' : kept;
  }
  return history.since > at - aroundMs
    ? 'this server started shortly before the change'
    : 'no service reported requests in the five minutes before the change';
}
