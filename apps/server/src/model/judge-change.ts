import { checkFlag, checkFlags, compileFlags, type Problem } from '@graylane/flags';
import { isObject } from '../is-object.ts';
import type { TimeSlices } from '../time-slices.ts';
import type { Content, PartChange, SharedMembers } from './document.ts';
import { segmentUsers } from './segment-users.ts';

/**
 * The problems of the parts that a change writes, and of the flags from which it takes a segment.
 * Faults elsewhere in the document are not the change's own.
 */
export async function judgeChange(
  after: Content,
  changes: readonly PartChange[],
  slices: TimeSlices,
): Promise<Problem[]> {
  const problems: Problem[] = changes.some(
    ({ path: [member], after: value }) => member === '$evaluators' && value !== undefined,
  )
    ? tooManySegments(after)
    : [];
  for (const change of changes) {
    problems.push(...(await judgePart(after, change, slices)));
    if (slices.over) await slices.next();
  }
  return problems;
}

/** How many segments an environment may have: a change of one looks at the names of all. */
const maxSegments = 10_000;

function tooManySegments({ shared: { $evaluators: segments } }: Content): Problem[] {
  const count = isObject(segments) ? Object.keys(segments).length : 0;
  if (count <= maxSegments) return [];
  const message = `there are ${count} segments, more than ${maxSegments}`;
  return [{ path: '$.$evaluators', message, remedy: 'write out those that one flag uses' }];
}

async function judgePart(
  document: Content,
  { path: [member, name], after }: PartChange,
  slices: TimeSlices,
): Promise<Problem[]> {
  if (name === undefined) return after === undefined ? [] : checkFlags({ flags: {}, [member]: after });
  if (member === 'flags') {
    if (after === undefined) return [];
    if (name === '') return checkFlags({ flags: { '': after } });
    return checkFlag(name, after, document.shared['$evaluators'] as Record<string, unknown> | undefined);
  }
  if (after !== undefined) return checkFlags({ flags: {}, $evaluators: { [name]: after } });
  const users = await segmentUsers(document, name, slices);
  return users.map((path) => ({
    path,
    message: `the segment "${name}" is used here`,
    remedy: 'remove the reference first',
  }));
}

/**
 * The problems that new rules of segments cause in flags that the change does not write: a segment
 * counts as a part of each rule that refers to it, so one that grows can push a rule over a bound.
 */
export async function judgeUsers(
  before: Content,
  after: Content,
  changes: readonly PartChange[],
  affected: readonly string[],
  slices: TimeSlices,
): Promise<Problem[]> {
  if (!changes.some(({ path: [member], after: rule }) => member === '$evaluators' && rule !== undefined))
    return [];
  const written = new Set(changes.flatMap(({ path: [member, key] }) => (member === 'flags' ? [key] : [])));
  const problems: Problem[] = [];
  for (const key of affected) {
    if (written.has(key)) continue;
    const found = checksOf(key, after);
    const known = new Set(found.length > 0 ? checksOf(key, before).map(toText) : []);
    for (const problem of found) {
      if (known.has(toText(problem))) continue;
      const message = `a flag would break that uses the segment: ${problem.message}`;
      const remedy = `make the segment smaller, or change this flag first: ${problem.remedy}`;
      problems.push({ path: problem.path, message, remedy });
    }
    if (slices.over) await slices.next();
  }
  return problems;
}

function checksOf(key: string, { flags, shared: { $evaluators: segments } }: Content): readonly Problem[] {
  return checkFlag(key, flags.get(key)?.definition, segments as Record<string, unknown> | undefined);
}

/**
 * The flags that a change breaks: those that can't be evaluated after it, and could before. Looser
 * than `judgeChange`, for edits by hand: a flags file may hold more than the API would accept.
 */
export async function findBrokenFlags(
  before: Content,
  after: Content,
  changes: readonly PartChange[],
  slices: TimeSlices,
): Promise<Problem[]> {
  // A change of a segment can break any flag that uses it.
  const keys = changes.some(({ path: [member] }) => member !== 'flags')
    ? after.flags.keys()
    : changes.flatMap(({ path: [, key] }) => (key === undefined ? [] : [key]));
  const problems: Problem[] = [];
  for (const key of keys) {
    const found = warningsOf(key, after.flags.get(key)?.definition, after.shared);
    if (found.length > 0) {
      const known = new Set(warningsOf(key, before.flags.get(key)?.definition, before.shared).map(toText));
      problems.push(...found.filter((problem) => !known.has(toText(problem))));
    }
    if (slices.over) await slices.next();
  }
  return problems;
}

function warningsOf(key: string, definition: unknown, shared: SharedMembers): readonly Problem[] {
  return definition === undefined
    ? []
    : compileFlags({ ...shared, flags: Object.fromEntries([[key, definition]]) }).warnings;
}

function toText({ path, message }: Problem): string {
  return `${path}: ${message}`;
}
