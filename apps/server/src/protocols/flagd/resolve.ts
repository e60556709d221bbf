import type { JsonObject } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { evaluate, type ErrorCode, type Evaluation, type FlagSet, type FlagValue } from '@graylane/flags';
import type { CounterOf } from '../../metrics/evaluation-metrics.ts';
import { requireSmallContext } from '../../model/context-size.ts';

/** A request for one flag. */
export interface ResolveRequest {
  readonly flagKey: string;
  readonly context?: JsonObject | undefined;
}

/**
 * A response, in the fields that both versions share. Without a value the default of the code
 * applies.
 */
export interface Resolved<T> {
  value?: T;
  variant?: string;
  reason: string;
  metadata: JsonObject;
}

/** A type of flagd's protocol: reads a value, or returns undefined for a value of another type. */
export interface ValueType<T> {
  readonly name: string;
  read(value: FlagValue): T | undefined;
}

export const booleanType: ValueType<boolean> = {
  name: 'boolean',
  read: (value) => (typeof value === 'boolean' ? value : undefined),
};
export const stringType: ValueType<string> = {
  name: 'string',
  read: (value) => (typeof value === 'string' ? value : undefined),
};
export const floatType: ValueType<number> = {
  name: 'float',
  read: (value) => (typeof value === 'number' ? value : undefined),
};
/**
 * A number with a fraction is not an integer: truncated, it would be a value that no variant has.
 */
export const intType: ValueType<bigint> = {
  name: 'integer',
  read: (value) => (Number.isSafeInteger(value) ? BigInt(value as number) : undefined),
};
/** An array is not an object here: the protocol has no field for it. */
export const objectType: ValueType<JsonObject> = {
  name: 'object',
  read: (value) => (typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : undefined),
};

/**
 * Evaluates one flag.
 * @throws {ConnectError} with the status that flagd has for the error.
 */
export function resolve<T>(
  flags: FlagSet,
  { flagKey, context = {} }: ResolveRequest,
  type: ValueType<T>,
  counterOf: CounterOf,
): Resolved<T> {
  requireSmallContext(context);
  const evaluation = evaluate(flags, flagKey, context);
  counterOf(flagKey, evaluation).add();
  if (evaluation.errorCode !== undefined) {
    throw new ConnectError(evaluation.errorMessage ?? evaluation.errorCode, statusOf[evaluation.errorCode]);
  }
  if (evaluation.value === undefined) return commonPart(evaluation);
  const value = type.read(evaluation.value);
  if (value === undefined) {
    throw new ConnectError(`flag "${flagKey}" is not of the type ${type.name}`, Code.InvalidArgument);
  }
  return { ...commonPart(evaluation), value };
}

/**
 * The same for `flagd.evaluation.v1`, whose clients would take the zero value of a flag without a
 * default variant for its value: flagd reports it as not found, and the default of the code
 * applies. A disabled flag has its reason, as with flagd.
 */
export function resolveV1<T>(
  flags: FlagSet,
  request: ResolveRequest,
  type: ValueType<T>,
  counterOf: CounterOf,
): Resolved<T> {
  const resolved = resolve(flags, request, type, counterOf);
  if (!isMissingDefault(resolved)) return resolved;
  throw new ConnectError(
    `flag "${request.flagKey}" has no default variant: the default of the code applies`,
    Code.NotFound,
  );
}

/** Whether a flag has no value here because it has no default variant. */
export function isMissingDefault({ value, reason }: { value?: unknown; reason: string }): boolean {
  return value === undefined && reason !== 'DISABLED';
}

/** All of a response but its value. */
export function commonPart({ variant, reason, flagMetadata }: Evaluation): Resolved<never> {
  return { reason, metadata: { ...flagMetadata }, ...(variant === undefined ? {} : { variant }) };
}

const statusOf: Readonly<Record<ErrorCode, Code>> = {
  FLAG_NOT_FOUND: Code.NotFound,
  PARSE_ERROR: Code.DataLoss,
  GENERAL: Code.Unknown,
};
