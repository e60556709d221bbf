import { api, environmentPath, type Schema } from '../../../api/request.ts';
import { count, countOf } from '../../../ui/numbers.ts';
import { span } from '../../../ui/time.tsx';

/** How often one flag is evaluated, by whom, and which rows match. */
export type FlagUsage = Schema<'FlagUsage'>;

/** The same for a list. */
export type UsageSummary = Schema<'UsageSummary'>;

/** Reads the usage of all flags by name. */
export async function readUsage(environment: string): Promise<ReadonlyMap<string, UsageSummary>> {
  const { body } = await api<{ flags: UsageSummary[] }>('GET', environmentPath(environment, 'usage'));
  return new Map(body.flags.map((usage) => [usage.flag, usage]));
}

/** Reads the usage of one flag. */
export async function readFlagUsage(environment: string, flag: string): Promise<FlagUsage> {
  return (await api<FlagUsage>('GET', environmentPath(environment, 'flags', flag, 'usage'))).body;
}

const dayMs = 86_400_000;

/** A flag that has not been evaluated for so long may be stale. */
const staleAfterMs = 30 * dayMs;

/** The usage in a few words: "3 services, 2 s ago", "unused for 40 d". */
export function usageInWords(
  usage: UsageSummary,
  now: number,
): { readonly words: string; readonly isStale: boolean } {
  const { lastEvaluated, services, since } = usage;
  if (lastEvaluated === null) {
    const unusedMs = now - Date.parse(since);
    return { words: `not used for ${span(unusedMs)}`, isStale: unusedMs > staleAfterMs };
  }
  const agoMs = now - Date.parse(lastEvaluated);
  return {
    words: `${countOf(services.length, 'service')}, ${span(agoMs)} ago`,
    isStale: agoMs > staleAfterMs,
  };
}

/** The matches of one row: "412 in 5 min", "never in 30 d". */
export function matchesInWords(
  { last5Minutes, lastEvaluated }: FlagUsage['rules'][number],
  since: string,
  now: number,
): string {
  if (last5Minutes > 0) return `${count(last5Minutes)} in 5 min`;
  return lastEvaluated === null
    ? `never in ${span(now - Date.parse(since))}`
    : `last ${span(now - Date.parse(lastEvaluated))} ago`;
}
