import type { FlagUsage } from './flag-usage.ts';

const dayMs = 86_400_000;

/** Which flags to list. */
export type Staleness =
  | { readonly unusedDays: number }
  | { readonly constantDays: number }
  | { readonly all: true };

/**
 * Whether a flag belongs to a list. A flag counts as unused, or as constant, only if it has been
 * observed for as many days: one that was created yesterday is neither.
 */
export function isListed(usage: FlagUsage, staleness: Staleness, now: number): boolean {
  if ('all' in staleness) return true;
  const days = 'unusedDays' in staleness ? staleness.unusedDays : staleness.constantDays;
  const from = now - days * dayMs;
  if (usage.since > from) return false;
  return 'unusedDays' in staleness ? usage.last <= from : constantVariant(usage, from) !== undefined;
}

/** The only variant since a time; undefined if there were several, or no evaluations. */
function constantVariant(usage: FlagUsage, from: number): string | undefined {
  const seen = [...usage.get('variants')].filter(([, { last }]) => last > from);
  const [only] = seen;
  return seen.length === 1 ? only?.[0] : undefined;
}
