import { rulesOf, type Flag } from '@graylane/flags';
import { conditionText } from './condition-text.ts';
import type { LiveCount } from './count.ts';
import { laneKey, type FlagUsage } from './flag-usage.ts';

/** Evaluations with one result or by one service; times are ISO 8601 in UTC. */
export interface DescribedCount {
  readonly evaluations: number;
  /** To the minute. */
  readonly last5Minutes: number;
  /** Null if there never was one. */
  readonly lastEvaluated: string | null;
}

/** The usage of a flag, as the API returns it. */
export interface DescribedUsage {
  readonly flag: string;
  /** Since when evaluations are counted. */
  readonly since: string;
  readonly lastEvaluated: string | null;
  readonly evaluations: number;
  readonly services: ReadonlyArray<DescribedCount & { readonly service: string }>;
  readonly variants: ReadonlyArray<DescribedVariant>;
  readonly rules: ReadonlyArray<DescribedRule>;
}

interface DescribedVariant extends DescribedCount {
  /** Null where the default of the code applied. */
  readonly variant: string | null;
  /** By lane, as providers report it. */
  readonly lanes: Readonly<Record<string, number>>;
}

interface DescribedRule extends DescribedCount {
  /** The branch of the outermost `if`, counted from 0; the last one is the otherwise. */
  readonly index: number;
  /** Names the condition, across changes of the flag. */
  readonly id: string;
  /** In words; null for the otherwise. */
  readonly condition: string | null;
}

/**
 * The usage of a flag: the services that evaluated it, the newest first, all of its variants, and
 * the branches of its rule as it is now.
 */
export function describeUsage(flag: Flag, usage: FlagUsage, now: number): DescribedUsage {
  const names = new Set([...flag.variants.keys(), ...usage.get('variants').keys()]);
  const services = [...usage.get('services')].toSorted(([, a], [, b]) => b.last - a.last);
  const rules = usage.get('rules');
  return {
    flag: flag.key,
    since: new Date(usage.since).toISOString(),
    lastEvaluated: timeOf(usage.last),
    evaluations: usage.count,
    services: services.map(([service, count]) => ({ service, ...describe(count, now) })),
    variants: Array.from(names, (variant) => ({
      variant: variant === '' ? null : variant,
      ...describe(usage.get('variants').get(variant), now),
      lanes: lanesOf(usage, variant),
    })),
    rules: rulesOf(flag).map(({ index, id, condition }) => ({
      index,
      id,
      condition: condition === undefined ? null : conditionText(condition),
      ...describe(rules.get(id), now),
    })),
  };
}

/** A time of the API; null for 0. */
export function timeOf(ms: number): string | null {
  return ms === 0 ? null : new Date(ms).toISOString();
}

function describe(count: LiveCount | undefined, now: number): DescribedCount {
  return {
    evaluations: count?.count ?? 0,
    last5Minutes: count?.recent(now) ?? 0,
    lastEvaluated: timeOf(count?.last ?? 0),
  };
}

function lanesOf(usage: FlagUsage, variant: string): Readonly<Record<string, number>> {
  const lanes: Array<readonly [string, number]> = [];
  for (const [name, { count }] of usage.get('lanes')) {
    const lane = name.slice(0, name.indexOf(' '));
    if (name === laneKey(variant, lane)) lanes.push([lane, count]);
  }
  return Object.fromEntries(lanes);
}
