import { joinPath, problem, show, type Problem } from '../json/problem.ts';
import { maxMembers } from '../limits.ts';
import { isObject } from '../json/values.ts';
import { checkRule, wholePlace } from '../rule/check.ts';
import { operators } from '../rule/operators/index.ts';
import { knownVariants } from '../flag/variants.ts';
import { checkMetadata } from './metadata.ts';

/**
 * Checks one flag; `evaluators` are those of its set, `path` is its place in the document. Never
 * throws.
 */
export function checkFlag(
  key: string,
  flag: unknown,
  evaluators: Readonly<Record<string, unknown>> = {},
  path: string = joinPath('$.flags', key),
): Problem[] {
  if (!isObject(flag))
    return [problem(path, `flag "${key}" is ${show(flag)}`, 'make it an object with a state and variants')];
  const { state, variants, defaultVariant, targeting, metadata } = flag;
  return [
    ...checkState(key, state, `${path}.state`),
    ...checkVariants(key, variants, `${path}.variants`),
    ...checkDefault(key, defaultVariant, variants, `${path}.defaultVariant`),
    ...(targeting === undefined
      ? []
      : checkRule(targeting, wholePlace(`${path}.targeting`, operators, evaluators))),
    ...checkMetadata(metadata, `${path}.metadata`),
  ];
}

function checkState(key: string, state: unknown, path: string): Problem[] {
  if (state === 'ENABLED' || state === 'DISABLED') return [];
  const found = state === undefined ? 'no state' : `the state ${show(state)}`;
  return [problem(path, `flag "${key}" has ${found}`, 'set it to "ENABLED" or "DISABLED"')];
}

function checkVariants(key: string, variants: unknown, path: string): Problem[] {
  if (!isObject(variants) || Object.keys(variants).length === 0)
    return [problem(path, `flag "${key}" has no variants`, 'give it an object with at least one')];
  const count = Object.keys(variants).length;
  if (count > maxMembers)
    return [problem(path, `flag "${key}" has ${count} variants, more than ${maxMembers}`, 'split the flag')];
  const [first = ''] = Object.values(variants).map(typeName);
  return Object.entries(variants).flatMap(([name, value]) =>
    checkVariant(key, name, value, first, joinPath(path, name)),
  );
}

function checkVariant(key: string, name: string, value: unknown, first: string, path: string): Problem[] {
  const type = typeName(value);
  if (name === '') return [problem(path, `a variant of flag "${key}" has an empty name`, 'name it')];
  if (type === 'null' || type === 'array') {
    const message = `the variant "${name}" is ${show(value)}`;
    return [problem(path, message, 'use a boolean, string, number or object')];
  }
  if (type === first) return [];
  const message = `the variant "${name}" is a ${type}, but the first variant of flag "${key}" is a ${first}`;
  return [problem(path, message, 'give all variants of a flag one type')];
}

function checkDefault(key: string, variant: unknown, variants: unknown, path: string): Problem[] {
  if (variant === undefined || variant === null) return [];
  if (typeof variant !== 'string') {
    const message = `the default of flag "${key}" is ${show(variant)}`;
    return [problem(path, message, "name a variant, or null for the code's default")];
  }
  if (!isObject(variants) || Object.hasOwn(variants, variant)) return [];
  const message = `flag "${key}" defaults to ${show(variant)}, but its variants are ${knownVariants(variants)}`;
  return [problem(path, message, "name one of them, or null for the code's default")];
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
