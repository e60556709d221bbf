import {
  createWorkBudget,
  evaluate,
  type Evaluation,
  type EvaluationContext,
  type FlagSet,
} from '@graylane/flags';
import { forEachInSlices } from '../../for-each-in-slices.ts';
import type { CounterOf, EvaluationCounter } from '../../metrics/evaluation-metrics.ts';

/** A response before it is sent. */
export interface OfrepResponse {
  readonly status: number;
  readonly body: string;
}

/** Evaluates one flag. */
export function evaluateOne(
  flags: FlagSet,
  key: string,
  context: EvaluationContext,
  counterOf: CounterOf,
): OfrepResponse {
  const evaluation = evaluate(flags, key, context);
  return { status: statusOf(evaluation), body: serialize(key, evaluation, counterOf) };
}

/** The rest of a bulk evaluation. */
export interface BulkOptions {
  readonly counterOf: CounterOf;
  /** Further members of the body, in JSON. */
  readonly more: string;
  /** Whether to stop, because the client is gone. */
  readonly isOver: () => boolean;
}

/**
 * Evaluates all flags within one work budget, and lets other requests run in between. Returns the
 * body; only a part of it if `isOver` returns true.
 */
export async function evaluateAll(
  flags: FlagSet,
  context: EvaluationContext,
  { counterOf, more, isOver }: BulkOptions,
): Promise<string> {
  // A string that grows is copied once, when it is sent.
  let all = '';
  const options = { now: Date.now(), budget: createWorkBudget() };
  await forEachInSlices(
    flags.keys(),
    (key) => {
      const one = serialize(key, evaluate(flags, key, context, options), counterOf);
      all = all === '' ? one : `${all},${one}`;
    },
    isOver,
  );
  return `{"flags":[${all}],${more}}`;
}

/** The JSON of an evaluation, and its counter. */
interface Known {
  readonly json: string;
  readonly counter: EvaluationCounter;
}

/** An evaluation belongs to one flag and is shared between calls, and so is its JSON. */
const knownOf = new WeakMap<Evaluation, Known>();

/** Serializes an evaluation, and counts it. */
function serialize(key: string, evaluation: Evaluation, counterOf: CounterOf): string {
  let known = knownOf.get(evaluation);
  if (known === undefined) {
    known = { json: JSON.stringify(toOfrep(key, evaluation)), counter: counterOf(key, evaluation) };
    knownOf.set(evaluation, known);
  }
  known.counter.add();
  return known.json;
}

/** Without a value, the default of the caller's code applies. */
function toOfrep(key: string, evaluation: Evaluation): object {
  const { value, variant, reason, errorCode, errorMessage, flagMetadata } = evaluation;
  const metadata = Object.keys(flagMetadata).length > 0 ? { metadata: flagMetadata } : {};
  if (errorCode !== undefined) return { key, errorCode, errorDetails: errorMessage, ...metadata };
  return { key, value, variant, reason, ...metadata };
}

function statusOf({ errorCode }: Evaluation): number {
  if (errorCode === undefined) return 200;
  return errorCode === 'FLAG_NOT_FOUND' ? 404 : 400;
}
