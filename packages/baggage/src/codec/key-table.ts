import { HeaderShape } from './header-shape.ts';

/** More are not learned: a sender that varies its keys must not cost memory. */
const mostShapes = 8;

/**
 * The keys that a policy allows, so that a scanner of bytes finds a key of the header among them
 * without making a string of it. Immutable, but for the marks of the scan that is under way and the
 * shapes of the headers that came.
 */
export class KeyTable {
  readonly keys: readonly string[];
  /** How many of the first keys are written by graylane itself and sent first. */
  readonly owned: number;
  /** In which scan each key was seen last; a new scan forgets all of them at once. */
  readonly seen: number[];
  readonly #set: ReadonlySet<string>;
  readonly #mask: number;
  /** The indexes of the keys by their hash; -1 for a free slot, of which there is always one. */
  readonly #slots: readonly number[];
  readonly #hashes: readonly number[];
  readonly #codes: ReadonlyArray<readonly number[]>;
  readonly #followers: number[];
  readonly #covered = new WeakMap<KeyTable, boolean>();
  readonly #shapes: HeaderShape[] = [];
  #shape: HeaderShape | undefined;
  #shapeBefore: HeaderShape | undefined;
  /** How many headers had a shape that is not known, since there was no room for another one. */
  #unknown = 0;

  /** Own keys come first, in the order in which they are sent. */
  constructor(own: readonly string[], others: Iterable<string>) {
    this.#set = new Set([...own, ...others]);
    this.keys = [...this.#set];
    this.owned = own.length;
    this.seen = this.keys.map(() => 0);
    this.#followers = [-1, ...this.keys.map(() => -1)];
    this.#codes = this.keys.map((key) => Array.from({ length: key.length }, (_, at) => key.charCodeAt(at)));
    this.#hashes = this.#codes.map((codes) => hashOf(codes, 0, codes.length));
    let size = 4;
    while (size < 2 * this.keys.length) size *= 2;
    this.#mask = size - 1;
    const slots = Array.from({ length: size }, () => -1);
    for (const [index, hash] of this.#hashes.entries()) {
      let slot = hash & this.#mask;
      while (slots[slot] !== -1) slot = (slot + 1) & this.#mask;
      slots[slot] = index;
    }
    this.#slots = slots;
  }

  has(key: string): boolean {
    return this.#set.has(key);
  }

  /** Whether this table has every key that the other one has. */
  covers(other: KeyTable): boolean {
    if (other === this) return true;
    let covered = this.#covered.get(other);
    if (covered === undefined) {
      covered = other.keys.every((key) => this.#set.has(key));
      this.#covered.set(other, covered);
    }
    return covered;
  }

  /**
   * The index of the key that followed this one last time (`previous` is -1 at the start of the
   * header); -1 if no key followed.
   */
  guess(previous: number): number {
    return this.#followers[previous + 1] as number;
  }

  /**
   * A sender writes its members in the same order every time, so the next header may not need
   * `find`.
   */
  learn(previous: number, index: number): void {
    this.#followers[previous + 1] = index;
  }

  /** The shape of a header, if it is one of the two shapes that came last. */
  shapeOf(header: string): HeaderShape | undefined {
    if (this.#shape?.matches(header) === true) return this.#shape;
    return this.#shapeBefore?.matches(header) === true ? this.#shapeBefore : undefined;
  }

  /**
   * Remembers the shape of a header whose members are all in the table, if there is room for it. In
   * a full table, only every sixteenth header is compared with the known shapes: senders of unknown
   * shapes must pay little beyond the scan.
   */
  learnShape(header: string): void {
    const isFull = this.#shapes.length >= mostShapes;
    if (isFull) this.#unknown += 1;
    if (header.includes(';') || (isFull && this.#unknown % 16 !== 0)) return;
    let shape = this.#shapes.find((known) => known.matches(header));
    if (shape === undefined && !isFull) {
      shape = HeaderShape.of(header, this.keys, this.owned);
      if (shape !== undefined) this.#shapes.push(shape);
    }
    if (shape === undefined) return;
    this.#shapeBefore = this.#shape;
    this.#shape = shape;
  }

  /** Where a key ends that begins here, if it is the one of this index; else -1. */
  endOf(index: number, bytes: Readonly<Uint8Array>, start: number): number {
    const codes = this.#codes[index] as readonly number[];
    const { length } = codes;
    for (let at = 0; at < length; at += 1) if (bytes[start + at] !== codes[at]) return -1;
    return start + length;
  }

  /**
   * The index of the key that stands between two places of these bytes; -1 if it is not in the
   * table.
   */
  find(bytes: Readonly<Uint8Array>, start: number, end: number): number {
    const hash = hashOf(bytes, start, end);
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const index = this.#slots[slot] ?? -1;
      if (index < 0) return -1;
      if (this.#hashes[index] === hash && stands(this.#codes[index] ?? [], bytes, start, end)) return index;
    }
  }
}

function stands(codes: readonly number[], bytes: Readonly<Uint8Array>, start: number, end: number): boolean {
  if (codes.length !== end - start) return false;
  for (let index = 0; index < codes.length; index += 1) {
    if (bytes[start + index] !== codes[index]) return false;
  }
  return true;
}

/** Of a key's length and four of its characters: more would cost more than it saves. */
function hashOf(bytes: ArrayLike<number>, start: number, end: number): number {
  const characters =
    ((bytes[start] ?? 0) << 24) |
    ((bytes[(start + end) >> 1] ?? 0) << 16) |
    ((bytes[Math.max(start, end - 2)] ?? 0) << 8) |
    (bytes[end - 1] ?? 0);
  const mixed = Math.imul(characters ^ (end - start), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
