import { toText } from './coercion.ts';
import { operandOf, operatorOf } from './logic.ts';
import type { Rule } from './rule.ts';
import type { Scope } from './scope.ts';
import { countWork } from '../work-limit.ts';

/**
 * The key of a rule that only reads one fact of the evaluation context, without a default:
 * `data[key]` reads it, undefined where it is absent. Names that every object inherits are
 * excluded. Undefined if the rule is traced: each `var` is to be seen.
 */
export function plainVariable(logic: unknown, scope: Scope): string | undefined {
  if (scope.iterating || scope.owner.trace || operatorOf(logic) !== 'var') return undefined;
  const operand = operandOf(logic);
  const path: unknown = Array.isArray(operand) && operand.length === 1 ? operand[0] : operand;
  return typeof path === 'string' && isPlain(path) ? path : undefined;
}

/**
 * Compiles the reading of one path; a value that is missing on the way is `fallback`. Only own
 * properties count: `constructor` is a key like any other.
 */
export function readPath(path: unknown, scope: Scope, fallback: unknown = null): Rule {
  if (path === null || path === undefined || path === '')
    return scope.iterating ? (data) => data : wholeContext(scope);
  const name = toText(path);
  if (!scope.iterating && isPlain(name)) {
    return (data) => {
      const value = (data as Readonly<Record<string, unknown>>)[name];
      return value === undefined ? fallback : value;
    };
  }
  const segments = name.split('.');
  const [first, second] = segments as [string, string | undefined];
  if (first === '$flagd' && !scope.iterating) return readFlagd(segments, scope, fallback);
  if (second === undefined) return (data) => own(data, first, fallback);
  return (data) => {
    let value: unknown = data;
    for (const segment of segments) {
      value = own(value, segment, absentOnTheWay);
      if (value === absentOnTheWay) return fallback;
    }
    return value;
  };
}

/** Reads a path that the rule makes at each evaluation. */
export function readDynamicPath(
  path: unknown,
  scope: Scope,
  fallback: unknown,
  data: unknown,
  now: number | undefined,
): unknown {
  const name = Array.isArray(path) ? toText(path) : path;
  countWork(typeof name === 'string' ? 40 + name.length : 40);
  return readPath(name, scope, fallback)(data, now);
}

const absentOnTheWay = Symbol('absent');

/**
 * The evaluation context is a plain object, so only the names that plain objects inherit need
 * `own`.
 */
function isPlain(name: string): boolean {
  return name !== '' && name !== '$flagd' && !name.includes('.') && !(name in Object.prototype);
}

function own(data: unknown, key: string, fallback: unknown): unknown {
  // A string has its length and its characters.
  const holds = (typeof data === 'object' && data !== null) || typeof data === 'string';
  if (!holds || !Object.hasOwn(data as object, key)) return fallback;
  const value = (data as Readonly<Record<string, unknown>>)[key];
  return value === undefined ? fallback : value;
}

/**
 * The members that flagd adds to the evaluation context: the flag's key, and the time in seconds
 * since 1970.
 */
function flagd(flagKey: string, now: number | undefined): { flagKey: string; timestamp: number } {
  return { flagKey, timestamp: timestamp(now) };
}

function timestamp(now: number | undefined): number {
  return Math.floor((now ?? Date.now()) / 1000);
}

function readFlagd(segments: readonly string[], scope: Scope, fallback: unknown): Rule {
  const { flagKey } = scope.owner;
  const [, property, ...beyond] = segments;
  if (property === undefined) return (_data, now) => flagd(flagKey, now);
  if (beyond.length === 0 && property === 'flagKey') return () => flagKey;
  if (beyond.length === 0 && property === 'timestamp') return (_data, now) => timestamp(now);
  return () => fallback;
}

function wholeContext(scope: Scope): Rule {
  const { flagKey } = scope.owner;
  return (data, now) => {
    const whole = { ...(data as object), $flagd: flagd(flagKey, now) };
    countWork(200 * Object.keys(whole).length);
    return whole;
  };
}
