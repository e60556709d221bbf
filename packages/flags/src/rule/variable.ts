import { compileOperand, compileRule, isConstant, operandOf, operatorOf, type Rule } from './compile-rule.ts';
import { toText } from './coercion.ts';
import type { Scope } from './scope.ts';
import { countValue } from './work.ts';

/** `var`: the value at a path with dots, else the default. An empty path is the whole data. */
export function variable(operand: unknown, scope: Scope): Rule {
  const rule = compileVariable(operand, scope);
  return scope.iterating ? (data, now) => countValue(rule(data, now)) : rule;
}

function compileVariable(operand: unknown, scope: Scope): Rule {
  const [path, fallback = null] = Array.isArray(operand) ? (operand as unknown[]) : [operand];
  const otherwise = isConstant(fallback) ? undefined : compileOperand(fallback, scope, 1);
  if (!isConstant(path)) return dynamic(compileRule(path, scope), scope, otherwise ?? (() => fallback));
  const read = readPath(path, scope, fallback);
  if (otherwise === undefined) return read;
  const absent = Symbol('absent');
  const find = readPath(path, scope, absent);
  return (data, now) => {
    const value = find(data, now);
    return value === absent ? otherwise(data, now) : value;
  };
}

/**
 * The key of a rule that is a fact of the evaluation context and nothing more, without a default: `data[key]` reads it, undefined
 * where it is absent. A name that every object inherits is not plain.
 */
export function plainVariable(logic: unknown, scope: Scope): string | undefined {
  if (scope.iterating || operatorOf(logic) !== 'var') return undefined;
  const operand = operandOf(logic);
  const path: unknown = Array.isArray(operand) && operand.length === 1 ? operand[0] : operand;
  return typeof path === 'string' && isPlain(path) ? path : undefined;
}

/** Reads one path; what is missing on the way is `fallback`. Only own properties count: `constructor` is a key like any other. */
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

const absentOnTheWay = Symbol('absent');

/** The evaluation context is a plain object, so only what plain objects inherit asks for a closer look. */
function isPlain(name: string): boolean {
  return name !== '' && name !== '$flagd' && !name.includes('.') && !(name in Object.prototype);
}

function own(data: unknown, key: string, fallback: unknown): unknown {
  // A text has its length and its characters.
  const holds = (typeof data === 'object' && data !== null) || typeof data === 'string';
  if (!holds || !Object.hasOwn(data as object, key)) return fallback;
  const value = (data as Readonly<Record<string, unknown>>)[key];
  return value === undefined ? fallback : value;
}

function dynamic(path: Rule, scope: Scope, otherwise: Rule): Rule {
  const absent = Symbol('absent');
  return (data, now) => {
    const name = path(data, now);
    const value = readPath(Array.isArray(name) ? name[0] : name, scope, absent)(data, now);
    return value === absent ? otherwise(data, now) : value;
  };
}

/** What flagd adds to the evaluation context: the flag's key, and the time in whole seconds since 1970. */
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
  return (data, now) => ({ ...(data as object), $flagd: flagd(flagKey, now) });
}
