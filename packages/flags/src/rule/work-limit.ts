import { RuleError } from '../errors.ts';
import { maxIterations, maxWork } from '../limits.ts';

// One evaluation at a time, so the counts need no object: `startWork` begins them anew.
let steps = 0;
let work = 0;

/** To be called when the evaluation of a rule with loops starts. Rules without loops do no more work than they are long, and count none. */
export function startWork(): void {
  steps = 0;
  work = 0;
}

/** Counts a loop over a list, whose body has so many parts. */
export function countLoop(length: number, parts: number): void {
  steps += length;
  if (steps > maxIterations)
    throw new RuleError(`the rule takes more than ${maxIterations} steps over lists`);
  countWork(length * parts);
}

/** Counts a text or a list that an operator in a loop gets: one that is handled again at each step makes the loop quadratic. */
export function countValue<T>(value: T): T {
  if (typeof value === 'string' || Array.isArray(value)) countWork(value.length);
  return value;
}

function countWork(amount: number): void {
  work += amount;
  if (work > maxWork)
    throw new RuleError(`the loops of the rule handle more than ${maxWork} values and characters`);
}
