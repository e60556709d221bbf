import { RuleError } from './errors.ts';
import { maxIterations, maxWork } from './limits.ts';

/**
 * The work that several evaluations may do together: make one for each bulk request, and pass it to
 * every `evaluate` of the request. Once it is used up, flags whose rules read long values evaluate
 * to a GENERAL error; others evaluate as usual.
 */
export interface WorkBudget {
  /** Units of about 10 ns. */
  left: number;
}

/** A budget for evaluations that belong together: as much work as one evaluation may do alone. */
export function createWorkBudget(): WorkBudget {
  return { left: maxWork };
}

// One evaluation runs at a time, so these need no object.
let left = maxWork;
let steps = 0;

/** To be called when the evaluation of a rule starts, with the units that it may use. */
export function startWork(units: number = maxWork): void {
  // Most evaluations count nothing, and a comparison is cheaper than two writes.
  if (left === maxWork && units === maxWork) return;
  left = units;
  steps = 0;
}

/** The units that the evaluation has left over. */
export function workLeft(): number {
  return Math.max(0, left);
}

/** Counts work in units of about 10 ns. Short values are not worth counting: see `longText`. */
export function countWork(units: number): void {
  left -= Math.ceil(units);
  if (left < 0)
    throw new RuleError(
      `the evaluation takes more than ${maxWork} units of work: shorten the evaluation context or the rule`,
    );
}

/** A string of up to this length costs no more to read than the operator that reads it. */
export const longText = 256;

/**
 * Counts the comparison of two strings, and of nothing else. Strings of different lengths differ at
 * once.
 */
export function countComparison(one: unknown, other: unknown): void {
  if (typeof one === 'string' && one.length > longText && typeof other === 'string')
    countWork(Math.min(one.length, other.length) / 16);
}

/** Counts a loop over an array, whose body has so many parts. */
export function countLoop(length: number, parts: number): void {
  steps += length;
  if (steps > maxIterations)
    throw new RuleError(`the rule takes more than ${maxIterations} steps over arrays`);
  countWork(length * (8 + 3 * parts));
}

/**
 * Counts a string or an array that an operator in a loop gets: handling it at each step makes the
 * loop quadratic.
 */
export function countValue<T>(value: T): T {
  if (typeof value === 'string' || Array.isArray(value)) countWork(value.length);
  return value;
}
