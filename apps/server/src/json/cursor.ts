import type { TimeSlices } from '../time-slices.ts';

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];

/** The bytes do not have the structure of JSON at this place. */
export class MalformedJson extends Error {}

/** Where a member of an object, or an item of an array, stands: byte offsets. */
export interface Place {
  /** The start of the member's name; of an item, the start of its value. */
  readonly start: number;
  readonly valueStart: number;
  /** The first byte after the value. */
  readonly end: number;
}

/**
 * Walks through JSON in UTF-8 without parsing values, so that a large document can be read piece by
 * piece.
 */
export class JsonCursor {
  readonly #bytes: Buffer;
  /** The levels of arrays and objects in the deepest value skipped so far. */
  deepest = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Whether the value at an offset is an object or an array. */
  isContainer(at: number): boolean {
    return this.#bytes[at] === openBrace || this.#bytes[at] === openBracket;
  }

  isArray(at: number): boolean {
    return this.#bytes[at] === openBracket;
  }

  /** The first byte that is not white space. */
  skipSpace(at: number): number {
    const bytes = this.#bytes;
    for (let byte = bytes[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;) {
      at += 1;
      byte = bytes[at];
    }
    return at;
  }

  /**
   * The members of the object, or items of the array, at an offset.
   * @throws {MalformedJson} if the bytes between members are not JSON; values are not validated.
   */
  *members(open: number): Generator<Place, void, void> {
    const walk = this.walk(open);
    for (let more = walk.next(); more;) {
      const { start, valueStart } = walk;
      const end = this.skipValue(valueStart);
      yield { start, valueStart, end };
      more = walk.next(end);
    }
  }

  /** Like `members`, for a caller that finds the end of each value itself. */
  walk(open: number): MemberWalk {
    return new MemberWalk(this, this.#bytes, open);
  }

  /** The value of the member whose name begins at an offset. */
  valueOf(name: number): number {
    if (this.#bytes[name] !== quote) throw new MalformedJson();
    const at = this.skipSpace(this.#skipString(name));
    if (this.#bytes[at] !== colon) throw new MalformedJson();
    return this.skipSpace(at + 1);
  }

  /** The name of the member that begins at an offset. */
  nameAt(start: number): string {
    return JSON.parse(this.#bytes.toString('utf8', start, this.#skipString(start))) as string;
  }

  /** Like `skipValue`, for values that may be very large. */
  async skipInSlices(start: number, slices: TimeSlices): Promise<number> {
    if (!this.isContainer(start)) return this.skipValue(start);
    const walk = this.walk(start);
    for (let more = walk.next(); more;) {
      more = walk.next(this.skipValue(walk.valueStart));
      if (slices.over) await slices.next();
    }
    return walk.close + 1;
  }

  /** The first byte after the value at an offset. */
  skipValue(start: number): number {
    const bytes = this.#bytes;
    const first = bytes[start];
    if (first === quote) return this.#skipString(start);
    if (first !== openBrace && first !== openBracket) return this.#skipScalar(start);
    let depth = 0;
    for (let at = start; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === quote) at = this.#skipString(at) - 1;
      else if (byte === openBrace || byte === openBracket) {
        depth += 1;
        if (depth > this.deepest) this.deepest = depth;
      } else if (byte === closeBrace || byte === closeBracket) {
        depth -= 1;
        if (depth === 0) return at + 1;
      }
    }
    throw new MalformedJson();
  }

  #skipString(start: number): number {
    const bytes = this.#bytes;
    for (let at = start + 1; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === quote) return at + 1;
      if (byte === backslash) at += 1;
    }
    throw new MalformedJson();
  }

  #skipScalar(start: number): number {
    const bytes = this.#bytes;
    let at = start;
    for (; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === comma || byte === closeBrace || byte === closeBracket || byte <= 0x20) break;
    }
    if (at === start) throw new MalformedJson();
    return at;
  }
}

/** A way through the members of one object or array. */
export class MemberWalk {
  readonly #cursor: JsonCursor;
  readonly #bytes: Buffer;
  readonly #closing: number;
  #at: number;
  /** The current member. */
  start = 0;
  valueStart = 0;
  /** The offset of the closing bracket, once it has been reached. */
  close = 0;

  constructor(cursor: JsonCursor, bytes: Buffer, open: number) {
    this.#cursor = cursor;
    this.#bytes = bytes;
    this.#closing = bytes[open] === openBracket ? closeBracket : closeBrace;
    this.#at = cursor.skipSpace(open + 1);
  }

  /**
   * Goes to the first member, or to the one after the value that ended at an offset; false at the
   * closing bracket.
   */
  next(end?: number): boolean {
    let at = end === undefined ? this.#at : this.#cursor.skipSpace(end);
    if (this.#bytes[at] === this.#closing) {
      this.close = at;
      return false;
    }
    if (end !== undefined) {
      if (this.#bytes[at] !== comma) throw new MalformedJson();
      at = this.#cursor.skipSpace(at + 1);
    }
    this.start = at;
    this.valueStart = this.#closing === closeBracket ? at : this.#cursor.valueOf(at);
    return true;
  }
}
