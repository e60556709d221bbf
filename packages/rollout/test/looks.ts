import type { Counts, Look } from '../src/index.ts';

/** The end of the n-th look of 15 seconds. */
export function at(number: number): number {
  return Date.UTC(2026, 0, 1) + number * 15_000;
}

/** A look at error counts. */
export function errors(
  number: number,
  gray: [bad: number, total: number],
  control: [bad: number, total: number],
): Look {
  return { at: at(number), slis: { errors: { gray: ratio(...gray), control: ratio(...control) } } };
}

export function ratio(bad: number, total: number): Counts {
  return { kind: 'ratio', bad, total };
}

/** Durations with `fast`, `medium` and `slow` requests, cut at .1 s and 1 s. */
export function durations(fast: number, medium: number, slow: number): Counts {
  return { kind: 'histogram', bounds: [0.1, 1], counts: [fast, medium, slow] };
}
