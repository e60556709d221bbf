import type { Series } from './prometheus-client.ts';

/** How much a counter has counted in a window, or why that is not known. */
export type Increase = { readonly value: number; readonly newest: number } | { readonly fault: string };

/**
 * The increase of a counter from its last sample at or before `from` to its last one at or before
 * `to`, from raw samples: PromQL's `increase()` extrapolates, and invents counts. A value below the
 * one before it is a restart from zero. Undefined if there is no sample in the window.
 * @param scrapedBefore the target was scraped before the window, so that a series without a sample
 *   there did not exist yet, and counts from zero.
 */
export function increaseOf(
  { samples }: Series,
  from: number,
  to: number,
  scrapedBefore: boolean,
): Increase | undefined {
  const within = samples.filter(({ at }) => at > from && at <= to);
  const newest = within.at(-1);
  if (newest === undefined) return undefined;
  const faulty = samples.find(({ value }) => !(value >= 0 && Number.isFinite(value)));
  if (faulty !== undefined) return { fault: `a sample is ${faulty.value}, not a count` };
  const before = samples.findLast(({ at }) => at <= from);
  let last = before?.value ?? (scrapedBefore ? 0 : (within[0]?.value ?? 0));
  let increase = 0;
  for (const { value } of within) {
    increase += value >= last ? value - last : value;
    last = value;
  }
  return { value: increase, newest: newest.at };
}
