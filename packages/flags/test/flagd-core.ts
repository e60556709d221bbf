import { FlagdCore } from '@openfeature/flagd-core';
import { compileFlags, evaluate } from '../src/index.ts';

/** The result of an evaluator: variant, reason, error code. */
export type Answer = readonly [
  variant: string | undefined,
  reason: string | undefined,
  errorCode: string | undefined,
];

const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };
const variants = { same: 1, yes: 2, no: 3 };

/**
 * A document whose one flag `f` tells what a rule makes of its data: the same as `expected`, or
 * truthy, or not.
 */
export function revealing(rule: unknown, expected: unknown): object {
  return documentOf({ if: [{ '===': [rule, expected] }, 'same', rule, 'yes', 'no'] });
}

/** A document whose one flag `f` has this targeting and the variants same, yes and no. */
export function documentOf(targeting: unknown): object {
  return { flags: { f: { state: 'ENABLED', variants, defaultVariant: 'no', targeting } } };
}

/** Our result for the flag `f`. */
export function ours(document: object, context: object): Answer {
  const { variant, reason, errorCode } = evaluate(compileFlags(document), 'f', { ...context });
  return [variant, reason, errorCode];
}

/** The result of flagd-core. */
export function theirs(document: object, context: object): Answer {
  const core = new FlagdCore(undefined, quiet);
  core.setConfigurations(JSON.stringify(document));
  const { variant, reason, errorCode } = core.resolveNumberEvaluation('f', 0, { ...context }, quiet);
  return [variant, reason, errorCode];
}
