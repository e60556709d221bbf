import {
  createWorkBudget,
  evaluate,
  type Evaluation,
  type EvaluationContext,
  type FlagSet,
} from '@graylane/flags';
import { entityTagOf } from '../../http/body/entity-tag.ts';
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
  return { status: statusOf(evaluation), body: count(key, evaluation, counterOf).json };
}

/** The rest of a bulk evaluation. */
export interface BulkOptions {
  readonly counterOf: CounterOf;
  /** Further members of the body. */
  readonly more: Members;
  /** Whether to stop, because the client is gone. */
  readonly isOver: () => boolean;
}

/** Members of a body in JSON, with their validator. */
export interface Members {
  readonly json: string;
  readonly tag: string;
}

/** The response of a bulk evaluation. A client that has it already needs no body. */
export interface BulkResponse {
  /** A strong validator: that of the evaluations, whose own validators are known. */
  readonly tag: string;
  body(this: void): string;
}

/**
 * Evaluates all flags within one work budget, and lets other requests run in between. Returns only
 * a part of them if `isOver` returns true.
 */
export async function evaluateAll(
  flags: FlagSet,
  context: EvaluationContext,
  { counterOf, more, isOver }: BulkOptions,
): Promise<BulkResponse> {
  const all: string[] = [];
  let tags = more.tag;
  const options = { now: Date.now(), budget: createWorkBudget() };
  await forEachInSlices(
    flags.keys(),
    (key) => {
      const { json, tag } = count(key, evaluate(flags, key, context, options), counterOf);
      all.push(json);
      tags += tag;
    },
    isOver,
  );
  return { tag: entityTagOf(tags), body: () => `{"flags":[${all.join(',')}],${more.json}}` };
}

/** The JSON of an evaluation, and its counter. */
interface Known extends Members {
  readonly counter: EvaluationCounter;
}

/** An evaluation belongs to one flag and is shared between calls, and so is its JSON. */
const knownOf = new WeakMap<Evaluation, Known>();

/** Serializes an evaluation, and counts it. */
function count(key: string, evaluation: Evaluation, counterOf: CounterOf): Known {
  let known = knownOf.get(evaluation);
  if (known === undefined) {
    const json = JSON.stringify(toOfrep(key, evaluation));
    known = { json, tag: entityTagOf(json), counter: counterOf(key, evaluation) };
    knownOf.set(evaluation, known);
  }
  known.counter.add();
  return known;
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
