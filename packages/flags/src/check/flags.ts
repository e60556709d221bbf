import { FlagsError } from '../errors.ts';
import { parseJson } from '../json/parse.ts';
import { evaluatorsPath, joinPath, problem, show, type Problem } from '../json/problem.ts';
import { isObject } from '../json/values.ts';
import { killedMember } from '../kill/killed.ts';
import { checkRule, wholePlace } from '../rule/check.ts';
import { operators } from '../rule/operators/index.ts';
import { checkFlag } from './flag.ts';
import { checkKilled } from './killed.ts';
import { checkSetMetadata } from './metadata.ts';

/**
 * Checks a flag document (an object, or a JSON string) against flagd's schema and beyond: a default
 * that names no variant, an evaluator that does not exist. For writes; loading is lenient. Never
 * throws; a valid document yields an empty array.
 */
export function checkFlags(document: unknown): Problem[] {
  let parsed = document;
  if (typeof document === 'string') {
    try {
      parsed = parseJson(document);
    } catch (error) {
      if (!(error instanceof FlagsError)) throw error;
      return [problem('$', error.message, 'correct the JSON')];
    }
  }
  if (!isObject(parsed))
    return [problem('$', `the document is ${show(parsed)}`, 'make it an object with "flags"')];
  const { flags, metadata, $evaluators: evaluators, [killedMember]: killed } = parsed;
  return [
    ...checkSetMetadata(metadata),
    ...checkKilled(killed),
    ...checkEvaluators(evaluators),
    ...checkEntries(flags, isObject(evaluators) ? evaluators : {}),
  ];
}

/** Checks the shared rules of a set. */
export function checkEvaluators(evaluators: unknown): Problem[] {
  const path = evaluatorsPath;
  if (evaluators === undefined) return [];
  if (!isObject(evaluators))
    return [problem(path, `$evaluators is ${show(evaluators)}`, 'make it an object of rules')];
  return Object.entries(evaluators).flatMap(([name, rule]) => [
    ...(name === '' ? [problem(path, 'an evaluator has an empty name', 'name it')] : []),
    ...checkRule(rule, wholePlace(joinPath(path, name), operators, undefined)),
  ]);
}

/** Checks one flag of a set by its key. */
export function checkEntry(
  key: string,
  flag: unknown,
  evaluators: Readonly<Record<string, unknown>>,
): Problem[] {
  const unnamed = key === '' ? [problem('$.flags', 'a flag has an empty key', 'name it')] : [];
  return [...unnamed, ...checkFlag(key, flag, evaluators)];
}

function checkEntries(flags: unknown, evaluators: Readonly<Record<string, unknown>>): Problem[] {
  if (Array.isArray(flags)) {
    const keys = new Set<unknown>();
    return (flags as unknown[]).flatMap((flag, index) => checkListed(flag, index, evaluators, keys));
  }
  if (!isObject(flags)) {
    const message = flags === undefined ? 'the document has no "flags"' : `"flags" is ${show(flags)}`;
    return [problem('$.flags', message, 'make it an object with a flag under each key')];
  }
  return Object.entries(flags).flatMap(([key, flag]) => checkEntry(key, flag, evaluators));
}

function checkListed(
  flag: unknown,
  index: number,
  evaluators: Readonly<Record<string, unknown>>,
  before: Set<unknown>,
): Problem[] {
  const path = joinPath('$.flags', index);
  const key = isObject(flag) ? flag['key'] : undefined;
  if (typeof key !== 'string' || key === '')
    return [problem(path, 'the flag has no key', 'add "key" with a string')];
  const message = `an earlier flag has the key ${show(key)}, too`;
  const twice = before.has(key) ? [problem(`${path}.key`, message, 'remove one of them')] : [];
  before.add(key);
  return [...twice, ...checkFlag(key, flag, evaluators, path)];
}
