import { createWorkBudget, evaluate, type Evaluation, type FlagSet } from '@graylane/flags';
import type { Context } from './contexts.ts';

/** One context with its results before and after a draft. */
export interface Compared {
  readonly index: number;
  readonly context: Context;
  readonly before: string;
  readonly after: string;
}

/** The contexts of an evaluation before and after a draft, with those that change first. */
export interface Comparison {
  readonly compared: readonly Compared[];
  readonly changed: number;
  /** How many go from one result to another. */
  readonly moves: readonly { readonly before: string; readonly after: string; readonly count: number }[];
  /** How many contexts were left out, since the rules did too much work. */
  readonly omitted: number;
}

/** Evaluates a flag for each context with both sets, as every service would. */
export function compare(
  key: string,
  before: FlagSet,
  after: FlagSet,
  contexts: readonly Context[],
): Comparison {
  const options = { now: Date.now(), budget: createWorkBudget() };
  const compared: Compared[] = [];
  for (const [index, context] of contexts.entries()) {
    const old = inWords(evaluate(before, key, context, options));
    const next = inWords(evaluate(after, key, context, options));
    if (options.budget.left === 0) break;
    compared.push({ index, context, before: old, after: next });
  }
  const moves = new Map<string, { readonly before: string; readonly after: string; count: number }>();
  for (const { before: old, after: next } of compared) {
    if (old === next) continue;
    const name = JSON.stringify([old, next]);
    const move = moves.get(name) ?? { before: old, after: next, count: 0 };
    move.count += 1;
    moves.set(name, move);
  }
  return {
    compared: compared.toSorted(
      (one, other) => Number(other.before !== other.after) - Number(one.before !== one.after),
    ),
    changed: compared.filter((one) => one.before !== one.after).length,
    moves: [...moves.values()].toSorted((one, other) => other.count - one.count),
    omitted: contexts.length - compared.length,
  };
}

function inWords({ variant, value, errorCode, reason }: Evaluation): string {
  if (errorCode === 'FLAG_NOT_FOUND') return 'no flag';
  if (errorCode !== undefined) return 'error';
  if (variant !== undefined) return variant;
  return reason === 'DISABLED' || value === undefined ? 'default of the code' : JSON.stringify(value);
}
