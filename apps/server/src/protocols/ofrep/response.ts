import {
  createWorkBudget,
  evaluate,
  type Evaluation,
  type EvaluationContext,
  type FlagSet,
} from '@graylane/flags';
import { forEachInSlices } from '../../for-each-in-slices.ts';

/** A response before it is sent. */
export interface OfrepResponse {
  readonly status: number;
  readonly body: string;
}

/** Evaluates one flag. */
export function evaluateOne(flags: FlagSet, key: string, context: EvaluationContext): OfrepResponse {
  const evaluation = evaluate(flags, key, context);
  return { status: statusOf(evaluation), body: serialize(key, evaluation) };
}

/**
 * Evaluates all flags within one work budget, and lets other requests run in between. Returns the
 * body, with the members of `more`; only a part of it if `isOver` returns true.
 */
export async function evaluateAll(
  flags: FlagSet,
  context: EvaluationContext,
  more: object,
  isOver: () => boolean,
): Promise<string> {
  const all: string[] = [];
  const options = { now: Date.now(), budget: createWorkBudget() };
  await forEachInSlices(
    flags.keys(),
    (key) => all.push(serialize(key, evaluate(flags, key, context, options))),
    isOver,
  );
  return `{"flags":[${all.join()}],${JSON.stringify({ metadata: flags.metadata, ...more }).slice(1)}`;
}

/** An evaluation belongs to one flag and is shared between calls, and so is its JSON. */
const serialized = new WeakMap<Evaluation, string>();

function serialize(key: string, evaluation: Evaluation): string {
  const known = serialized.get(evaluation);
  if (known !== undefined) return known;
  const json = JSON.stringify(toOfrep(key, evaluation));
  serialized.set(evaluation, json);
  return json;
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
