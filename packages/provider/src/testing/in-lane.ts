import { runInLane } from '@graylane/baggage';

/**
 * Runs a function in a request of its own that is dyed with the lane and has these baggage members,
 * e.g. `{ targetingKey: 'ada' }`. Returns what the function returns.
 */
export function inLane<T>(lane: string, members: Readonly<Record<string, string>>, fn: () => T): T {
  return runInLane(lane, fn, { members });
}
