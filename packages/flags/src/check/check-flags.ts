import { FlagsError } from '../flags-error.ts';
import { isObject, parseJson } from '../json.ts';
import { evaluatorsPath, joinPath, show, type Problem } from '../problem.ts';
import { isMetadataValue } from '../set-scope.ts';
import { checkFlag } from './check-flag.ts';
import { checkRule } from './check-rule.ts';

/**
 * Checks a flag document (an object, or JSON text) against flagd's schema and beyond: a default that no variant has, an evaluator that
 * does not exist. For writes; loading is lenient. Never throws; nothing to report is an empty list.
 */
export function checkFlags(document: unknown): Problem[] {
  let parsed = document;
  if (typeof document === 'string') {
    try {
      parsed = parseJson(document);
    } catch (error) {
      if (!(error instanceof FlagsError)) throw error;
      return [
        { path: '$', message: error.message.replace(/^FlagsError \[\w+\]: /, ''), remedy: 'mend the JSON' },
      ];
    }
  }
  if (!isObject(parsed))
    return [
      { path: '$', message: `the document is ${show(parsed)}`, remedy: 'make it an object with "flags"' },
    ];
  const { flags, metadata, $evaluators: evaluators } = parsed;
  return [
    ...checkMetadata(metadata, '$.metadata'),
    ...checkSetNames(metadata),
    ...checkEvaluators(evaluators),
    ...checkEntries(flags, isObject(evaluators) ? evaluators : {}),
  ];
}

/** Checks metadata, of a set or of a flag: flat, texts, numbers and booleans; `pin`, which providers act on, a boolean. */
export function checkMetadata(metadata: unknown, path: string): Problem[] {
  if (metadata === undefined) return [];
  if (!isObject(metadata))
    return [{ path, message: `metadata is ${show(metadata)}`, remedy: 'make it an object, or leave it out' }];
  return Object.entries(metadata)
    .filter(([key, value]) => !(key === 'pin' ? typeof value === 'boolean' : isMetadataValue(value)))
    .map(([key, value]) => ({
      path: joinPath(path, key),
      message: `the metadata "${key}" is ${show(value)}`,
      remedy: key === 'pin' ? 'use true or false' : 'use a text, a number or a boolean',
    }));
}

function checkSetNames(metadata: unknown): Problem[] {
  if (!isObject(metadata)) return [];
  const names = ['flagSetId', 'version']
    .filter((key) => metadata[key] !== undefined && typeof metadata[key] !== 'string')
    .map((key) => ({
      path: `$.metadata.${key}`,
      message: `"${key}" is ${show(metadata[key])}`,
      remedy: 'make it a text',
    }));
  const { fractionalHash: hash } = metadata;
  if (hash === undefined || hash === 'v2' || hash === 'v3') return names;
  const message = `"fractionalHash" is ${show(hash)}`;
  return [...names, { path: '$.metadata.fractionalHash', message, remedy: 'use "v2" or "v3"' }];
}

function checkEvaluators(evaluators: unknown): Problem[] {
  const path = evaluatorsPath;
  if (evaluators === undefined) return [];
  if (!isObject(evaluators))
    return [{ path, message: `$evaluators is ${show(evaluators)}`, remedy: 'make it an object of rules' }];
  return Object.entries(evaluators).flatMap(([name, rule]) => [
    ...(name === '' ? [{ path, message: 'an evaluator has an empty name', remedy: 'name it' }] : []),
    ...checkRule(rule, { path: joinPath(path, name), evaluators: undefined }),
  ]);
}

function checkEntries(flags: unknown, evaluators: Readonly<Record<string, unknown>>): Problem[] {
  if (Array.isArray(flags)) {
    const keys = new Set<unknown>();
    return (flags as unknown[]).flatMap((flag, index) => checkListed(flag, index, evaluators, keys));
  }
  if (!isObject(flags)) {
    const message = flags === undefined ? 'the document has no "flags"' : `"flags" is ${show(flags)}`;
    return [{ path: '$.flags', message, remedy: 'make it an object with a flag under each key' }];
  }
  return Object.entries(flags).flatMap(([key, flag]) => [
    ...(key === '' ? [{ path: '$.flags', message: 'a flag has an empty key', remedy: 'name it' }] : []),
    ...checkFlag(key, flag, evaluators),
  ]);
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
    return [{ path, message: 'the flag has no key', remedy: 'add "key" with a text' }];
  const twice = before.has(key)
    ? [
        {
          path: `${path}.key`,
          message: `a flag before it has the key "${key}" too`,
          remedy: 'remove one of them',
        },
      ]
    : [];
  before.add(key);
  return [...twice, ...checkFlag(key, flag, evaluators, path)];
}
