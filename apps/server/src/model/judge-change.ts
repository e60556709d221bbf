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
    return after === undefined ? [] : problemsOfFlag(name, after, document.shared);
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
  const others = affected.filter((key) => !written.has(key));
  const problems = await newProblems(others, { before, after }, problemsOfFlag, slices);
  return problems.map(({ path, message, remedy }) => ({
    path,
    message: `a flag would break that uses the segment: ${message}`,
    remedy: `make the segment smaller, or change this flag first: ${remedy}`,
  }));
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
  return newProblems(keys, { before, after }, warningsOf, slices);
}

/** The problems that flags have after a change, and did not have before. */
async function newProblems(
  keys: Iterable<string>,
  { before, after }: { readonly before: Content; readonly after: Content },
  problemsOf: (key: string, definition: unknown, shared: SharedMembers) => readonly Problem[],
  slices: TimeSlices,
): Promise<Problem[]> {
  const problemsIn = (key: string, { flags, shared }: Content): readonly Problem[] => {
    const definition = flags.get(key)?.definition;
    return definition === undefined ? [] : problemsOf(key, definition, shared);
  };
  const problems: Problem[] = [];
  for (const key of keys) {
    const found = problemsIn(key, after);
    if (found.length > 0) {
      const known = new Set(problemsIn(key, before).map(toText));
      problems.push(...found.filter((problem) => !known.has(toText(problem))));
    }
    if (slices.over) await slices.next();
  }
  return problems;
}

/** The problems of one flag, as `checkFlags` reports them of a document. */
export function problemsOfFlag(
  key: string,
  definition: unknown,
  { $evaluators: segments }: SharedMembers,
): Problem[] {
  if (key === '') return checkFlags({ flags: { '': definition } });
  return checkFlag(key, definition, isObject(segments) ? segments : undefined);
}

function warningsOf(key: string, definition: unknown, shared: SharedMembers): readonly Problem[] {
  return compileFlags({ ...shared, flags: Object.fromEntries([[key, definition]]) }).warnings;
}

function toText({ path, message }: Problem): string {
  return `${path}: ${message}`;
}
