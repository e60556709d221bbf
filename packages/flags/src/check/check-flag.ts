import { isObject } from '../json.ts';
import { joinPath, show, type Problem } from '../problem.ts';
import { knownVariants } from '../variants.ts';
import { checkMetadata } from './check-flags.ts';
import { checkRule } from './check-rule.ts';

/** Checks one flag; `evaluators` are those of its set, and `path` says where it stands. Never throws. */
export function checkFlag(
  key: string,
  flag: unknown,
  evaluators: Readonly<Record<string, unknown>> = {},
  path: string = joinPath('$.flags', key),
): Problem[] {
  if (!isObject(flag))
    return [
      {
        path,
        message: `flag "${key}" is ${show(flag)}`,
        remedy: 'make it an object with a state and variants',
      },
    ];
  const { state, variants, defaultVariant, targeting, metadata } = flag;
  return [
    ...checkState(key, state, `${path}.state`),
    ...checkVariants(key, variants, `${path}.variants`),
    ...checkDefault(key, defaultVariant, variants, `${path}.defaultVariant`),
    ...(targeting === undefined ? [] : checkRule(targeting, { path: `${path}.targeting`, evaluators })),
    ...checkMetadata(metadata, `${path}.metadata`),
  ];
}

function checkState(key: string, state: unknown, path: string): Problem[] {
  if (state === 'ENABLED' || state === 'DISABLED') return [];
  const found = state === undefined ? 'no state' : `the state ${show(state)}`;
  return [{ path, message: `flag "${key}" has ${found}`, remedy: 'set it to "ENABLED" or "DISABLED"' }];
}

function checkVariants(key: string, variants: unknown, path: string): Problem[] {
  if (!isObject(variants) || Object.keys(variants).length === 0) {
    return [
      { path, message: `flag "${key}" has no variants`, remedy: 'give it an object with at least one' },
    ];
  }
  const [first] = Object.values(variants).map(typeName);
  return Object.entries(variants).flatMap(([name, value]) => {
    const at = joinPath(path, name);
    const type = typeName(value);
    if (name === '')
      return [{ path: at, message: `a variant of flag "${key}" has an empty name`, remedy: 'name it' }];
    if (type === 'null' || type === 'list') {
      return [
        {
          path: at,
          message: `the variant "${name}" is ${show(value)}`,
          remedy: 'use a boolean, a text, a number or an object',
        },
      ];
    }
    if (type === first) return [];
    return [
      {
        path: at,
        message: `the variant "${name}" is a ${type}, but the first variant of flag "${key}" is a ${first}`,
        remedy: 'give all variants of a flag one type',
      },
    ];
  });
}

function checkDefault(key: string, variant: unknown, variants: unknown, path: string): Problem[] {
  if (variant === undefined || variant === null) return [];
  if (typeof variant !== 'string') {
    return [
      {
        path,
        message: `the default of flag "${key}" is ${show(variant)}`,
        remedy: "name a variant, or null for the code's default",
      },
    ];
  }
  if (!isObject(variants) || Object.hasOwn(variants, variant)) return [];
  const known = knownVariants(variants);
  return [
    {
      path,
      message: `flag "${key}" defaults to "${variant}", but its variants are ${known}`,
      remedy: `name one of them, or null for the code's default`,
    },
  ];
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  return typeof value === 'string' ? 'text' : typeof value;
}
