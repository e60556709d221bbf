import type { JsonObject } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { evaluate, type ErrorCode, type Evaluation, type FlagSet, type FlagValue } from '@graylane/flags';

/** What is asked for: a key, and facts that rules look at. */
export interface Question {
  readonly flagKey: string;
  readonly context?: JsonObject | undefined;
}

/** The answer in the fields that both versions of flagd's protocol share. No value: the default of the caller's code serves. */
export interface Answer<T> {
  value?: T;
  variant?: string;
  reason: string;
  metadata: JsonObject;
}

/** What a type of flagd's protocol makes of a value; undefined where it is of another type. */
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
/** A number with a fraction is no integer: cutting it off would answer what nobody has written. */
export const intType: ValueType<bigint> = {
  name: 'integer',
  read: (value) => (Number.isSafeInteger(value) ? BigInt(value as number) : undefined),
};
/** A list is no object here: the protocol has no field for it. */
export const objectType: ValueType<JsonObject> = {
  name: 'object',
  read: (value) => (typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : undefined),
};

/**
 * Answers for one flag.
 * @throws {ConnectError} with the status that flagd uses for the error.
 */
export function resolve<T>(
  flags: FlagSet,
  { flagKey, context = {} }: Question,
  type: ValueType<T>,
): Answer<T> {
  const evaluation = evaluate(flags, flagKey, context);
  if (evaluation.errorCode !== undefined) {
    throw new ConnectError(evaluation.errorMessage ?? evaluation.errorCode, statusOf[evaluation.errorCode]);
  }
  if (evaluation.value === undefined) return commonPart(evaluation);
  const value = type.read(evaluation.value);
  if (value === undefined) {
    throw new ConnectError(
      `flag "${flagKey}" is not of the type ${type.name} that was asked for`,
      Code.InvalidArgument,
    );
  }
  return { ...commonPart(evaluation), value };
}

/** All of an answer but its value. */
export function commonPart({ variant, reason, flagMetadata }: Evaluation): Answer<never> {
  return { reason, metadata: { ...flagMetadata }, ...(variant === undefined ? {} : { variant }) };
}

const statusOf: Readonly<Record<ErrorCode, Code>> = {
  FLAG_NOT_FOUND: Code.NotFound,
  PARSE_ERROR: Code.DataLoss,
  GENERAL: Code.Unknown,
};
