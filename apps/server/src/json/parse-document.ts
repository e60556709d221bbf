import { checkFlags, joinPath, type Problem } from '@graylane/flags';
import { isObject } from '../is-object.ts';
import { maxDepth } from '../json-depth.ts';
import type { ParsedDocument } from '../model/document.ts';
import type { TimeSlices } from '../time-slices.ts';
import { JsonCursor, MalformedJson, type Place } from './cursor.ts';

/** A parsed document, with the oddities that do not keep it from being served. */
export interface ReadDocument extends ParsedDocument {
  /** Keys that occur twice, definitions that are null, and listed flags without a key. */
  readonly oddities: readonly Problem[];
  /** Whether the flags are an array, as flagd's daemon takes them. */
  readonly isList: boolean;
}

/**
 * Reads a flag document from JSON in UTF-8, with or without a byte-order mark, a flag at a time.
 * Never throws: returns the problems of bytes that are not a flag document.
 */
export async function parseDocument(
  bytes: Buffer,
  slices: TimeSlices,
): Promise<ReadDocument | { readonly problems: readonly Problem[] }> {
  const reader = new DocumentReader(bytes, slices);
  try {
    return await reader.read();
  } catch (error) {
    if (error instanceof TooDeep) return tooDeep();
    if (!(error instanceof MalformedJson) && !(error instanceof SyntaxError)) throw error;
    // The checker knows the line and column of the mistake.
    const problems = checkFlags(textOf(bytes));
    if (problems.length > 0) return { problems };
    throw error;
  }
}

/** The start of the JSON, after a byte-order mark. */
export function startOf(bytes: Buffer): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

/** Decodes the bytes of a file or body, without a byte-order mark. */
export function textOf(bytes: Buffer): string {
  return bytes.toString('utf8', startOf(bytes));
}

class TooDeep extends Error {}

class DocumentReader {
  readonly #bytes: Buffer;
  readonly #slices: TimeSlices;
  readonly #cursor: JsonCursor;
  readonly #oddities: Problem[] = [];
  #isList = false;

  constructor(bytes: Buffer, slices: TimeSlices) {
    this.#bytes = bytes;
    this.#slices = slices;
    this.#cursor = new JsonCursor(bytes);
  }

  async read(): Promise<ReadDocument | { readonly problems: readonly Problem[] }> {
    const cursor = this.#cursor;
    const root = cursor.skipSpace(startOf(this.#bytes));
    if (!cursor.isContainer(root) || cursor.isArray(root)) {
      return { problems: checkFlags(JSON.parse(textOf(this.#bytes))) };
    }
    const members = new Map<string, unknown>();
    const walk = cursor.walk(root);
    for (let more = walk.next(); more;) {
      const name = this.#cursor.nameAt(walk.start);
      if (members.has(name)) this.#twice(joinPath('$', name));
      const { value, end } = await this.#member(name, walk.valueStart);
      members.set(name, value);
      more = walk.next(end);
    }
    if (cursor.skipSpace(walk.close + 1) !== this.#bytes.length) throw new MalformedJson();
    return this.#document(members);
  }

  #document(members: Map<string, unknown>): ReadDocument | { readonly problems: readonly Problem[] } {
    const evaluators = members.get('$evaluators');
    if (evaluators instanceof Map) members.set('$evaluators', Object.fromEntries(evaluators));
    const flags = members.get('flags');
    if (!(flags instanceof Map)) return { problems: checkFlags(Object.fromEntries(members)) };
    members.delete('flags');
    return {
      flags: flags as ReadonlyMap<string, unknown>,
      shared: Object.fromEntries(members),
      oddities: this.#oddities,
      isList: this.#isList,
    };
  }

  /**
   * The value of a member of the document, flags and segments as a map; and the first byte after
   * it.
   */
  async #member(name: string, start: number): Promise<{ readonly value: unknown; readonly end: number }> {
    const cursor = this.#cursor;
    const isList = cursor.isArray(start);
    const isShelf = cursor.isContainer(start) && (name === 'flags' || (name === '$evaluators' && !isList));
    if (!isShelf) {
      const end = cursor.skipValue(start);
      return { value: this.#value({ valueStart: start, end }, 1), end };
    }
    if (name === 'flags') this.#isList = isList;
    const found = new Map<string, unknown>();
    const walk = cursor.walk(start);
    let index = 0;
    for (let more = walk.next(); more; index += 1) {
      const end = cursor.skipValue(walk.valueStart);
      const value = this.#value({ valueStart: walk.valueStart, end }, 2);
      const key = isList ? keyOf(value) : cursor.nameAt(walk.start);
      if (key === undefined) this.#withoutKey(index);
      else if (value === null) this.#isNull(joinPath(joinPath('$', name), key));
      else {
        if (found.has(key)) this.#twice(joinPath(joinPath('$', name), key));
        found.set(key, isList ? withoutKey(value) : value);
      }
      more = walk.next(end);
      if (this.#slices.over) await this.#slices.next();
    }
    return { value: found, end: walk.close + 1 };
  }

  #value({ valueStart, end }: Omit<Place, 'start'>, level: number): unknown {
    if (this.#cursor.deepest + level > maxDepth) throw new TooDeep();
    return JSON.parse(this.#bytes.toString('utf8', valueStart, end));
  }

  #twice(path: string): void {
    const remedy = 'remove all but one; the last one is in force';
    this.#oddities.push({ path, message: 'the document has this member more than once', remedy });
  }

  #isNull(path: string): void {
    const remedy = 'define it, or remove it';
    this.#oddities.push({ path, message: 'this is null, and counts as missing', remedy });
  }

  #withoutKey(index: number): void {
    const path = joinPath('$.flags', index);
    this.#oddities.push({ path, message: 'the flag has no key', remedy: 'add "key"' });
  }
}

/** The key that a flag of an array carries, as flagd's daemon takes them. */
export function keyOf(flag: unknown): string | undefined {
  return isObject(flag) && typeof flag['key'] === 'string' ? flag['key'] : undefined;
}

function withoutKey(flag: unknown): unknown {
  const { key: _key, ...definition } = flag as Readonly<Record<string, unknown>>;
  return definition;
}

function tooDeep(): { readonly problems: readonly Problem[] } {
  const message = `the document nests deeper than ${maxDepth} levels`;
  return { problems: [{ path: '$', message, remedy: 'make it flatter' }] };
}
