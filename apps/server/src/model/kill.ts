import { killedMember } from '@graylane/flags';
import { isObject } from '../is-object.ts';
import type { Content, Edit, ParsedDocument } from './document.ts';
import { RequestError } from './request-error.ts';
import type { Authorship } from './revision.ts';

/** A lane or a flag that is switched off, or is to be. */
export type KillTarget = { readonly lane: string } | { readonly flag: string };

/** One kill of a document, as the member `$killed` keeps it. */
export interface KillEntry extends Partial<Authorship> {
  /** ISO 8601, in UTC. */
  readonly at?: string | undefined;
}

/** The kills of a document, by lane and by flag key. */
export interface Kills {
  readonly lanes: Readonly<Record<string, KillEntry>>;
  readonly flags: Readonly<Record<string, KillEntry>>;
}

/** The kills of a document. */
export function killsOf({ shared }: Pick<Content, 'shared'>): Kills {
  const member = shared[killedMember];
  const { lanes, flags } = isObject(member) ? member : {};
  return { lanes: entriesOf(lanes), flags: entriesOf(flags) };
}

/** Whether the document kills a lane or a flag. */
export function isKilled(content: Pick<Content, 'shared'>, target: KillTarget): boolean {
  const [kind, name] = placeOf(target);
  return Object.hasOwn(killsOf(content)[kind], name);
}

/**
 * The edits that kill a lane or a flag; together with others they become one revision. None if it
 * is killed already.
 */
export function killEdits(content: Content, target: KillTarget, entry: KillEntry): readonly Edit[] {
  if (isKilled(content, target)) return [];
  const [kind, name] = placeOf(target);
  return [editOf(content, withKill(killsOf(content), kind, name, entry))];
}

/**
 * The edits that lift a kill: the definitions are in force again, as they are by now.
 * @throws {RequestError} `not_found` if it is not killed.
 */
export function liftEdits(content: Content, target: KillTarget): readonly Edit[] {
  const [kind, name] = placeOf(target);
  if (!isKilled(content, target)) {
    throw new RequestError('not_found', `the ${kind.slice(0, -1)} ${JSON.stringify(name)} is not killed`);
  }
  return [editOf(content, withKill(killsOf(content), kind, name, undefined))];
}

/**
 * The member `$killed` of a document with these kills in place of its own; undefined without any.
 * Its other members stay: those of a rollout.
 */
export function killedValue({ shared }: Pick<Content, 'shared'>, { lanes, flags }: Kills): unknown {
  const before = shared[killedMember];
  const { lanes: _lanes, flags: _flags, ...others } = isObject(before) ? before : {};
  const kinds = Object.entries({ lanes, flags }).filter(([, entries]) => Object.keys(entries).length > 0);
  const member = { ...others, ...Object.fromEntries(kinds) };
  return Object.keys(member).length === 0 ? undefined : member;
}

/** The kills after one was added, or removed if the entry is undefined. */
export function withKill(kills: Kills, kind: keyof Kills, name: string, entry: KillEntry | undefined): Kills {
  const entries = new Map(Object.entries(kills[kind]));
  if (entry === undefined) entries.delete(name);
  else entries.set(name, entry);
  return { ...kills, [kind]: Object.fromEntries(entries) };
}

/** Where a target stands in `$killed`. */
export function placeOf(target: KillTarget): readonly [kind: keyof Kills, name: string] {
  return 'lane' in target ? ['lanes', target.lane] : ['flags', target.flag];
}

/**
 * A whole document to write, with the kills in force if it has none of its own: an import must not
 * lift a kill by leaving it out.
 */
export function keepKilled(before: Content, document: ParsedDocument): ParsedDocument {
  const killed = before.shared[killedMember];
  if (killed === undefined || Object.hasOwn(document.shared, killedMember)) return document;
  return { ...document, shared: { ...document.shared, [killedMember]: killed } };
}

function editOf(content: Content, kills: Kills): Edit {
  return { path: [killedMember], value: killedValue(content, kills) };
}

function entriesOf(value: unknown): Readonly<Record<string, KillEntry>> {
  return isObject(value) ? (value as Record<string, KillEntry>) : {};
}
