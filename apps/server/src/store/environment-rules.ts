import { compileDocument } from '../model/compile.ts';
import type { ParsedDocument, PartChange } from '../model/document.ts';
import { judgeChange } from '../model/judge-change.ts';
import { differingParts } from '../model/parts.ts';
import { RequestError } from '../model/request-error.ts';
import type { Authorship } from '../model/revision.ts';
import type { TimeSlices } from '../time-slices.ts';
import { defaultEnvironment } from './environments.ts';

const namePattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** The flags of the environment `default` at the first start. */
export const emptyDocument: ParsedDocument = {
  flags: new Map(),
  shared: { $schema: 'https://flagd.dev/schema/v0/flags.json' },
};

/** The author of the first revision of `default`. */
export const firstStart: Authorship = { author: 'graylane', reason: 'the first start' };

/** @throws {RequestError} `name_taken`, or `invalid` for a string that can't be a name. */
export function requireNewName(name: string, isTaken: boolean): void {
  if (isTaken)
    throw new RequestError('name_taken', `the environment "${name}" already exists: choose another name`);
  if (namePattern.test(name)) return;
  const remedy = 'use 1 to 63 lower-case letters, digits, "-" and "_", the first one a letter or a digit';
  throw new RequestError('invalid', `${JSON.stringify(name)} is not a name for an environment: ${remedy}`);
}

/** @throws {RequestError} `protected` for the environment `default`. */
export function requireRemovable(name: string): void {
  if (name !== defaultEnvironment) return;
  throw new RequestError(
    'protected',
    `the environment "${name}" serves requests that name no environment: it can't be removed`,
  );
}

/** @throws {RequestError} `read_only` on a server that was started with `--read-only`. */
export function requireWritable(readOnly: boolean | undefined): void {
  if (!readOnly) return;
  const remedy = 'start it without --read-only to change environments';
  throw new RequestError('read_only', `this server is read-only: ${remedy}`);
}

/**
 * The changes of the first revision of an environment.
 * @throws {RequestError} `invalid`, with the problems of its flags.
 */
export async function firstChanges(
  document: ParsedDocument,
  slices: TimeSlices,
): Promise<readonly PartChange[]> {
  const content = await compileDocument(document, slices);
  const changes = await differingParts(undefined, document, slices);
  const problems = await judgeChange(content, changes, slices);
  if (problems.length > 0) throw new RequestError('invalid', 'the flags are not valid', { problems });
  return changes;
}
