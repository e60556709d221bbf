import type { Arms, Counts } from '@graylane/rollout';
import { TimeSlices } from '../../../time-slices.ts';
import type { CountedLook, LookQuestion, LookResponse } from '../look-source.ts';
import type { Increment } from './increment.ts';
import { mergeFor } from './merge-durations.ts';
import { partsOf } from './parts.ts';
import { SliMatcher } from './sli-matcher.ts';

/** The increments of a window, and why some may be missing. */
export interface Window {
  readonly increments: readonly Increment[];
  /** Reasons, as sentences, by which the window must not be judged. */
  readonly faults: readonly string[];
  /** The end of the time that the increments cover. */
  readonly at: number;
  readonly ageMs?: number | undefined;
  /** The effective number of units in each arm, where it is known. */
  readonly units?: CountedLook['units'] | undefined;
  /** The units that were assigned, where they are known. */
  readonly assigned?: CountedLook['assigned'] | undefined;
  /** Explains, for an SLI without any request, what is missing. */
  readonly missing: (sli: SliMatcher, lane: string) => string;
}

/** The lane with which a gray lane is compared. */
export function controlOf(lane: string): string {
  return `${lane}-control`;
}

/** The instances of an SLI that are counted one by one: those with the most requests. */
const maxInstances = 100;

/**
 * Counts the requests of both arms: the same for every source of evidence. In slices, since a
 * window may have many series.
 */
export async function countLook(
  { lane, slis }: Pick<LookQuestion, 'lane' | 'slis'>,
  { increments, faults, at, ageMs, units, assigned, missing }: Window,
): Promise<LookResponse> {
  const age = ageMs === undefined ? {} : { ageMs };
  const [fault, ...others] = faults;
  if (fault !== undefined) return { holds: [fault, ...others], ...age };
  const control = controlOf(lane);
  const arms = increments.filter((one) => one.lane === lane || one.lane === control);
  const slices = new TimeSlices();
  const matchers = slis.map((sli) => new SliMatcher(sli));
  const holds: string[] = [];
  const counted: Record<string, Arms> = {};
  const instances: Record<string, Record<string, Arms>> = {};
  for (const matcher of matchers) {
    const { name } = matcher.sli;
    // oxlint-disable-next-line no-await-in-loop -- One SLI after the other.
    if (slices.over) await slices.next();
    const found = arms.filter((one) => matcher.counts(one));
    const [gray, opposite] = [lane, control].map((arm) => requestsIn(found, arm));
    if (gray === 0 || opposite === 0) {
      holds.push(`${name}: ${missing(matcher, gray === 0 ? lane : control)}`);
      continue;
    }
    const count = counterFor(matcher, found);
    if (typeof count === 'string') {
      holds.push(`${name}: ${count}`);
      continue;
    }
    const armsOf = (some: readonly Increment[]): Arms => ({
      gray: count(some.filter((one) => one.lane === lane)),
      control: count(some.filter((one) => one.lane === control)),
    });
    counted[name] = armsOf(found);
    const byInstance = groupByInstance(found);
    if (byInstance.length > 1) {
      instances[name] = Object.fromEntries(byInstance.map(([instance, some]) => [instance, armsOf(some)]));
    }
  }
  if (Object.keys(counted).length === 0) {
    const [first = 'there are no SLIs', ...more] = holds;
    return { holds: [first, ...more], ...age };
  }
  const look: CountedLook = {
    at,
    slis: counted,
    ...(units && { units }),
    ...(assigned && { assigned }),
    ...(Object.keys(instances).length > 0 && { instances }),
  };
  const parts = await partsOf(arms, matchers, { lane, control }, slices);
  return { look, holds, parts, ...age };
}

function requestsIn(some: readonly Increment[], lane: string): number {
  return some.reduce((sum, one) => sum + (one.lane === lane ? one.requests : 0), 0);
}

/** The increments of the instances that are known, those with the most requests first. */
function groupByInstance(
  some: readonly Increment[],
): ReadonlyArray<readonly [instance: string, increments: readonly Increment[]]> {
  const groups = new Map<string, Increment[]>();
  for (const one of some) {
    if (one.instance === '') continue;
    const group = groups.get(one.instance);
    if (group) group.push(one);
    else groups.set(one.instance, [one]);
  }
  if (groups.size <= maxInstances) return [...groups];
  const sized = Array.from(groups, ([instance, group]) => ({
    instance,
    group,
    requests: group.reduce((sum, one) => sum + one.requests, 0),
  }));
  return sized
    .toSorted((one, other) => other.requests - one.requests)
    .slice(0, maxInstances)
    .map(({ instance, group }) => [instance, group]);
}

/** How the series of an SLI are counted, or why they can't be. */
function counterFor(
  matcher: SliMatcher,
  found: readonly Increment[],
): ((some: readonly Increment[]) => Counts) | string {
  if (matcher.sli.kind === 'errors') {
    return (some) => {
      const total = some.reduce((sum, one) => sum + one.requests, 0);
      const bad = some.reduce((sum, one) => sum + (matcher.isBad(one.labels) ? one.requests : 0), 0);
      return { kind: 'ratio', total, bad };
    };
  }
  const durations = found.map((one) => one.durations);
  if (durations.includes(undefined))
    return 'the metric has no buckets: name a histogram of durations in seconds';
  const merge = mergeFor(durations.filter((one) => one !== undefined));
  if (typeof merge === 'string') return merge;
  return (some) => merge(some.flatMap((one) => one.durations ?? []));
}
