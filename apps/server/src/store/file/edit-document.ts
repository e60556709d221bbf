import { JsonCursor } from '../../json/cursor.ts';
import { keyOf, startOf } from '../../json/parse-document.ts';
import type { Edit } from '../../model/document.ts';
import type { TimeSlices } from '../../time-slices.ts';
import { indentedJson } from './indented-json.ts';

/** Bytes to put in the place of others. */
interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Writes or removes parts of a document in its file; every other byte stays as it is. Returns the
 * file in pieces, most of them views of the bytes that were given. The bytes must be a flag
 * document.
 */
export async function editDocument(
  bytes: Buffer,
  edits: readonly Edit[],
  slices: TimeSlices,
): Promise<Buffer[]> {
  return joined(bytes, await new DocumentEditor(bytes, slices).edit(edits));
}

/** How far back to look for the beginning of a line, in bytes: a file may be one line. */
const furthestLineStart = 1000;

class DocumentEditor {
  readonly #bytes: Buffer;
  readonly #slices: TimeSlices;
  readonly #cursor: JsonCursor;
  readonly #eol: string;
  readonly #unit: string;

  constructor(bytes: Buffer, slices: TimeSlices) {
    this.#bytes = bytes;
    this.#slices = slices;
    this.#cursor = new JsonCursor(bytes);
    const head = bytes.toString('latin1', startOf(bytes), 4096);
    this.#eol = /\r?\n/.exec(head)?.[0] ?? '\n';
    // The indentation of the first member: a line further in may be one line's own layout.
    this.#unit = /^\s*\{\s*\n([\t ]+)\S/.exec(head)?.[1] ?? '  ';
  }

  async edit(edits: readonly Edit[]): Promise<Splice[]> {
    const top = new Map<string, unknown>();
    const inside = new Map<string, Map<string, unknown>>();
    for (const { path, value } of edits) {
      const [member, name] = path;
      if (name === undefined) top.set(member, value);
      else inside.set(member, (inside.get(member) ?? new Map<string, unknown>()).set(name, value));
    }
    const root = this.#cursor.skipSpace(startOf(this.#bytes));
    const splices: Splice[] = [];
    for (const [member, values] of inside) {
      const open = await this.#find(root, member);
      if (open === undefined || !this.#cursor.isContainer(open)) {
        const present = [...values].filter(([, value]) => value !== undefined);
        if (present.length > 0) top.set(member, Object.fromEntries(present));
        continue;
      }
      const { found, left } = await this.#editMembers(open, values);
      // The last segment takes "$evaluators" with it; a document must keep its "flags".
      if (left === 0 && member !== 'flags') top.set(member, undefined);
      else splices.push(...found);
    }
    if (top.size > 0) splices.push(...(await this.#editMembers(root, top)).found);
    return splices;
  }

  /**
   * Where the value of a member begins; of several with the same name, the last one is in force.
   */
  async #find(root: number, name: string): Promise<number | undefined> {
    const walk = this.#cursor.walk(root);
    let found: number | undefined;
    for (let more = walk.next(); more;) {
      if (this.#cursor.nameAt(walk.start) === name) found = walk.valueStart;
      more = walk.next(await this.#cursor.skipInSlices(walk.valueStart, this.#slices));
    }
    return found;
  }

  /**
   * Edits the members of the object, or the flags of the array, at an offset. `left` is how many
   * remain.
   */
  async #editMembers(
    open: number,
    values: ReadonlyMap<string, unknown>,
  ): Promise<{ readonly found: readonly Splice[]; readonly left: number }> {
    const isList = this.#cursor.isArray(open);
    const splices: Splice[] = [];
    const replaced = new Map<string, Splice>();
    let left = 0;
    let last: { readonly start: number; readonly end: number } | undefined;
    // Where a removal begins: after the member before, or, before the first one that stays, at the
    // removed member.
    let edge: number | undefined;
    const walk = this.#cursor.walk(open);
    for (let more = walk.next(); more;) {
      const { start, valueStart } = walk;
      const end = await this.#cursor.skipInSlices(valueStart, this.#slices);
      const name = isList ? this.#keyAt(valueStart, end) : this.#cursor.nameAt(start);
      if (name !== undefined && values.has(name) && values.get(name) === undefined) {
        if (last === undefined) edge ??= start;
        else splices.push({ start: edge ?? last.end, end, text: '' });
        if (last !== undefined) edge = end;
      } else {
        if (last === undefined && edge !== undefined) splices.push({ start: edge, end: start, text: '' });
        if (name !== undefined && values.has(name)) {
          const text = this.#layOut(isList ? withKey(name, values.get(name)) : values.get(name), valueStart);
          replaced.set(name, { start: valueStart, end, text });
        }
        last = { start, end };
        edge = end;
        left += 1;
      }
      more = walk.next(end);
      if (this.#slices.over) await this.#slices.next();
    }
    const added = [...values].filter(([name, value]) => value !== undefined && !replaced.has(name));
    splices.push(...replaced.values());
    if (added.length > 0 && last !== undefined) {
      const gap = this.#spaceBefore(last.start);
      const texts = added.map(([name, value]) => `,${gap}${this.#member(name, value, isList, last.start)}`);
      splices.push({ start: last.end, end: last.end, text: texts.join('') });
    } else if (last === undefined) {
      const own = this.#indentationAt(open);
      const gap = `${this.#eol}${own}${this.#unit}`;
      const texts = added.map(
        ([name, value]) => `${gap}${this.#member(name, value, isList, open, this.#unit)}`,
      );
      const text = added.length > 0 ? `${texts.join(',')}${this.#eol}${own}` : '';
      splices.push({ start: open + 1, end: walk.close, text });
    }
    return { found: splices, left: left + added.length };
  }

  #member(name: string, value: unknown, isList: boolean, at: number, further = ''): string {
    if (isList) return this.#layOut(withKey(name, value), at, further);
    return `${JSON.stringify(name)}: ${this.#layOut(value, at, further)}`;
  }

  /** A value as JSON, indented like the line in which it stands. */
  #layOut(value: unknown, at: number, further = ''): string {
    const indentation = `${this.#eol}${this.#indentationAt(at)}${further}`;
    return indentedJson(value, this.#unit, indentation);
  }

  /** The white space at the beginning of the line of an offset. */
  #indentationAt(at: number): string {
    const from = Math.max(0, at - furthestLineStart);
    const line = from + this.#bytes.subarray(from, at).lastIndexOf(0x0a) + 1;
    let end = line;
    while (end < at && (this.#bytes[end] === 0x20 || this.#bytes[end] === 0x09)) end += 1;
    return this.#bytes.toString('latin1', line, end);
  }

  #spaceBefore(at: number): string {
    let start = at;
    while (start > 0 && (this.#bytes[start - 1] ?? 0x21) <= 0x20) start -= 1;
    return this.#bytes.toString('latin1', start, at);
  }

  #keyAt(start: number, end: number): string | undefined {
    return keyOf(JSON.parse(this.#bytes.toString('utf8', start, end)));
  }
}

function withKey(key: string, flag: unknown): unknown {
  return { key, ...(flag as object) };
}

/** The bytes with some of them replaced. */
function joined(bytes: Buffer, splices: readonly Splice[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const { start, end, text } of splices.toSorted(
    (one, other) => one.start - other.start || one.end - other.end,
  )) {
    if (start > at) pieces.push(bytes.subarray(at, start));
    if (text !== '') pieces.push(Buffer.from(text));
    at = Math.max(at, end);
  }
  pieces.push(bytes.subarray(at));
  return pieces;
}
