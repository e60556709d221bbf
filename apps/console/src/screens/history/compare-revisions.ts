import { differences, type Difference } from '../../json/diff.ts';
import { readPage, readRevision, type Revision } from './revisions.ts';

/** More revisions than these are not put together in the page. */
const maxBetween = 200;

/** The differences of two revisions, and the revisions that made them. */
export interface RevisionComparison {
  readonly differences: readonly Difference[];
  readonly between: readonly Revision[];
}

/**
 * Compares two revisions of an environment by the changes of the revisions between them.
 * @throws {Error} if one of them is not among the last revisions.
 */
export async function compareRevisions(
  environment: string,
  older: string,
  newer: string,
): Promise<RevisionComparison> {
  const between = await revisionsAfter(environment, older, newer);
  const parts = new Map<string, { before: unknown; after: unknown }>();
  for (const { revision } of between.toReversed()) {
    for (const { path, before, after } of (await readRevision(environment, revision)).changes) {
      parts.set(path, { before: parts.has(path) ? parts.get(path)?.before : before, after });
    }
  }
  return {
    between,
    differences: [...parts].flatMap(([path, { before, after }]) => differences(before, after, path)),
  };
}

/** The revisions from `newer` down to the one after `older`, newest first. */
async function revisionsAfter(environment: string, older: string, newer: string): Promise<Revision[]> {
  const found: Revision[] = [];
  let before: string | undefined;
  let isWithin = false;
  for (;;) {
    const { revisions, next } = await readPage({ environment, flag: undefined, before });
    for (const revision of revisions) {
      isWithin ||= revision.revision === newer;
      if (revision.revision === older) {
        if (isWithin) return found;
        throw new Error(`Revision ${older} is newer than ${newer}: compare them the other way round.`);
      }
      if (isWithin) found.push(revision);
      if (found.length > maxBetween)
        throw new Error(`More than ${maxBetween} revisions lie between: choose nearer ones.`);
    }
    if (next === undefined) throw new Error(`The history has no revision ${isWithin ? older : newer}.`);
    before = next;
  }
}
