import { isDeepStrictEqual } from 'node:util';
import { killedMember, type Problem } from '@graylane/flags';
import { maxDepth, nestsDeeper } from '../json-depth.ts';
import { changeContent } from '../model/compile.ts';
import type { Content, Edit, ParsedDocument, PartChange, PartPath } from '../model/document.ts';
import { findBrokenFlags, judgeChange, judgeUsers } from '../model/judge-change.ts';
import { keepKilled } from '../model/kill.ts';
import { difference, differingParts, jsonPath, partOf } from '../model/parts.ts';
import type { Change } from '../model/revision.ts';
import type { TimeSlices } from '../time-slices.ts';

/** A change that was applied: the document after it, and the parts that differ. */
export interface Applied extends Content {
  readonly changes: readonly PartChange[];
  /**
   * The flags that may evaluate differently: those that changed, and those that use what changed.
   */
  readonly affected: readonly string[];
}

/** A proposed change: single parts, or the whole document. */
export type Proposal =
  | Pick<Extract<Change, { edits: unknown }>, 'edits'>
  | Pick<Extract<Change, { document: unknown }>, 'document'>;

/** How strictly a change is judged. */
export interface ApplyOptions {
  /**
   * `checks` refuses everything that `checkFlags` reports; `breaks` only flags that can't be
   * evaluated any more.
   */
  readonly refuse: 'checks' | 'breaks';
}

/**
 * Applies a change to a document: compares, checks and compiles what the change touches, and
 * nothing else. Pure: writes nothing and leaves the document as it is. Shared by all stores. Kills
 * stand above the definitions: a killed lane or flag stays off whatever the change writes.
 */
export async function applyChange(
  before: Content,
  proposal: Proposal,
  slices: TimeSlices,
  { refuse }: ApplyOptions = { refuse: 'checks' },
): Promise<Applied | { readonly problems: readonly Problem[] }> {
  const changes =
    'document' in proposal
      ? await differingParts(before, draft(before, proposal.document, refuse), slices)
      : await differingEdits(before, proposal.edits, slices);
  if (!Array.isArray(changes)) return changes;
  if (changes.length === 0) return { ...before, changes, affected: [] };
  const content = await changeContent(before, changes, slices);
  const problems =
    refuse === 'checks'
      ? await judgeChange(content, changes, slices)
      : await findBrokenFlags(before, content, changes, slices);
  if (problems.length > 0) return { problems };
  const affected = await affectedFlags(before, content, changes, slices);
  if (refuse === 'checks') {
    const ofUsers = await judgeUsers(before, content, changes, affected, slices);
    if (ofUsers.length > 0) return { problems: ofUsers };
  }
  return { ...content, changes, affected };
}

/**
 * Applies the changes of a revision that another server has written, and judged. The document must
 * be the one before that revision.
 */
export async function applyRevision(
  before: Content,
  changes: readonly PartChange[],
  slices: TimeSlices,
): Promise<Applied> {
  const content = await changeContent(before, changes, slices);
  return { ...content, changes, affected: await affectedFlags(before, content, changes, slices) };
}

/** The API's documents keep the kills in force; a file or feed is the source of its own kills. */
function draft(before: Content, document: ParsedDocument, refuse: ApplyOptions['refuse']): ParsedDocument {
  return refuse === 'checks' ? keepKilled(before, document) : document;
}

async function affectedFlags(
  before: Content,
  after: Content,
  changes: readonly PartChange[],
  slices: TimeSlices,
): Promise<string[]> {
  const changed = changes.flatMap(({ path: [member, key] }) => (member === 'flags' ? (key ?? []) : []));
  const members = new Set(changes.map(({ path: [member] }) => member));
  const all = members.has('metadata');
  const kills = members.has(killedMember);
  if (!all && !kills && !members.has('$evaluators')) return changed;
  const affected = new Set(changed);
  for (const key of after.flags.keys()) {
    const flag = after.flags.get(key);
    const old = before.flags.get(key);
    if (all || (flag !== old && mentionsSegment(flag?.definition))) affected.add(key);
    else if (kills && flag !== old && !isDeepStrictEqual(flag?.effective, old?.effective)) affected.add(key);
    if (slices.over) await slices.next();
  }
  return [...affected];
}

function mentionsSegment(definition: unknown): boolean {
  return JSON.stringify(definition).includes('"$ref"');
}

/** The edits that make a difference; of several edits of one part, the last one counts. */
async function differingEdits(
  before: Content,
  edits: readonly Edit[],
  slices: TimeSlices,
): Promise<PartChange[] | { readonly problems: readonly Problem[] }> {
  const changes = new Map<string, PartChange>();
  for (const { path, value } of edits) {
    if (nestsTooDeep(path, value)) {
      const message = `this nests deeper than the ${maxDepth} levels of a document`;
      return { problems: [{ path: jsonPath(path), message, remedy: 'make it flatter' }] };
    }
    const change = difference(path, partOf(before, path), plain(value));
    if (change) changes.set(jsonPath(path), change);
    else changes.delete(jsonPath(path));
    if (slices.over) await slices.next();
  }
  return [...changes.values()];
}

/** Whether a document with this value could not be read again. */
function nestsTooDeep(path: PartPath, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return nestsDeeper(Buffer.from(JSON.stringify(value)), maxDepth - path.length);
}

/** A value as it will be read back: JSON has no undefined, NaN or Infinity. */
function plain(value: unknown): unknown {
  if (value === undefined) return undefined;
  const copy: unknown = JSON.parse(JSON.stringify(value));
  return isDeepStrictEqual(copy, value) ? value : copy;
}
