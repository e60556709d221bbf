import { hashNamed, isMetadataValue } from '../flag-set-settings.ts';
import { joinPath, problem, show, type Problem } from '../json/problem.ts';
import { isObject } from '../json/values.ts';
import { maxMembers } from '../limits.ts';

/** Checks metadata of a set or a flag: flat; `pin`, which providers act on, must be a boolean. */
export function checkMetadata(metadata: unknown, path: string): Problem[] {
  if (metadata === undefined) return [];
  if (!isObject(metadata))
    return [problem(path, `metadata is ${show(metadata)}`, 'make it an object, or leave it out')];
  const count = Object.keys(metadata).length;
  if (count > maxMembers)
    return [problem(path, `metadata has ${count} entries, more than ${maxMembers}`, 'leave some out')];
  return Object.entries(metadata)
    .filter(([key, value]) => !(key === 'pin' ? typeof value === 'boolean' : isMetadataValue(value)))
    .map(([key, value]) =>
      problem(
        joinPath(path, key),
        `the metadata "${key}" is ${show(value)}`,
        key === 'pin' ? 'use true or false' : 'use a string, a number or a boolean',
      ),
    );
}

/** Checks the metadata of a set, with the names that flagd and graylane give a meaning. */
export function checkSetMetadata(metadata: unknown): Problem[] {
  const path = '$.metadata';
  const general = checkMetadata(metadata, path);
  if (!isObject(metadata)) return general;
  const names = ['flagSetId', 'version']
    .filter((key) => metadata[key] !== undefined && typeof metadata[key] !== 'string')
    .map((key) => problem(`${path}.${key}`, `"${key}" is ${show(metadata[key])}`, 'make it a string'));
  const { fractionalHash: hash } = metadata;
  if (hash === undefined || hashNamed(hash)) return [...general, ...names];
  const message = `"fractionalHash" is ${show(hash)}`;
  return [...general, ...names, problem(`${path}.fractionalHash`, message, 'use "v1", "v2" or "v3"')];
}
