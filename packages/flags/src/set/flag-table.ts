/**
 * An immutable map of which many versions exist, each made from another one. A new version costs
 * what it changes: the newest one owns the only `Map`, and an older one holds the values that the
 * next one replaced (Baker's versioned arrays). Reading the newest is one look-up.
 */
export class FlagTable<Value extends object> {
  readonly size: number;
  /**
   * Undefined in an older version. A removed key stays, without a value, so that no order changes.
   */
  #own: Map<string, Value | undefined> | undefined;
  #older: Older<Value> | undefined;
  #keys: readonly string[] | undefined;

  constructor(own: Map<string, Value | undefined>, size: number = own.size) {
    this.#own = own;
    this.size = size;
  }

  get(key: string): Value | undefined {
    return this.#own === undefined ? this.#before(key) : this.#own.get(key);
  }

  /** The keys, in their order; stable even while newer versions are made. */
  keys(): readonly string[] {
    return (this.#keys ??= [...this.#candidates()].filter((key) => this.get(key) !== undefined));
  }

  /** A version with these values; undefined removes. This one stays as it is. */
  with(changes: ReadonlyMap<string, Value | undefined>): FlagTable<Value> {
    const own = this.#take();
    const changed = new Map<string, Value | undefined>();
    let { size } = this;
    let sameKeys = true;
    for (const [key, value] of changes) {
      const before = own.get(key);
      if (before === value) continue;
      changed.set(key, before);
      own.set(key, value);
      size += Number(value !== undefined) - Number(before !== undefined);
      sameKeys &&= (value === undefined) === (before === undefined);
    }
    const next = new FlagTable(own, size);
    if (sameKeys) next.#keys = this.#keys;
    this.#own = undefined;
    this.#older = { changed, next, reads: 0 };
    return next;
  }

  /**
   * The keys in which two versions may differ, found without reading the others; undefined for
   * unrelated tables.
   */
  differences(other: FlagTable<Value>): ReadonlySet<string> | undefined {
    const [ours, theirs] = [this.#versions(), other.#versions()];
    const meets = new Set(theirs);
    const common = ours.find((version) => meets.has(version));
    if (common === undefined) return undefined;
    const keys = new Set<string>();
    for (const versions of [ours, theirs]) {
      for (const version of versions.slice(0, versions.indexOf(common)))
        for (const key of version.#older?.changed.keys() ?? []) keys.add(key);
    }
    return keys;
  }

  get #newest(): FlagTable<Value> {
    return this.#path().at(-1)?.next ?? this;
  }

  /** The keys that this version can have, in their order. */
  #candidates(): Iterable<string> {
    const own = this.#newest.#own as ReadonlyMap<string, unknown>;
    if (this.#own) return own.keys();
    return new Set([...own.keys(), ...this.#path().flatMap(({ changed }) => [...changed.keys()])]);
  }

  /** From this version to the newest one. */
  #path(): Older<Value>[] {
    const path: Older<Value>[] = [];
    for (let at = this.#older; at !== undefined; at = at.next.#older) path.push(at);
    return path;
  }

  #before(key: string): Value | undefined {
    const older = this.#older as Older<Value>;
    older.reads += 1;
    // A version that is read again and again is worth a map of its own.
    if (older.reads % manyReads === 0 && older.reads >= manyReads * changesOn(this.#path()))
      return this.#take().get(key);
    let at = older;
    while (!at.changed.has(key)) {
      const { next } = at;
      if (next.#older === undefined) return next.#own?.get(key);
      at = next.#older;
    }
    return at.changed.get(key);
  }

  /**
   * Makes this version the one that owns the map: by undoing later changes, or by a copy where that
   * is less work.
   */
  #take(): Map<string, Value | undefined> {
    const owned = this.#own;
    if (owned !== undefined && owned.size <= 2 * this.size + manyReads) return owned;
    if (owned === undefined && changesOn(this.#path()) < this.size) return this.#undo();
    const copy = new Map(this.keys().map((key) => [key, this.get(key)]));
    this.#own = copy;
    this.#older = undefined;
    return copy;
  }

  #undo(): Map<string, Value | undefined> {
    let own = new Map<string, Value | undefined>();
    for (const version of this.#versions().slice(0, -1).toReversed()) {
      const { changed, next } = version.#older as Older<Value>;
      own = next.#own as Map<string, Value | undefined>;
      const after = new Map([...changed.keys()].map((key) => [key, own.get(key)]));
      for (const [key, value] of changed) own.set(key, value);
      next.#own = undefined;
      next.#older = { changed: after, next: version, reads: 0 };
      version.#own = own;
      version.#older = undefined;
    }
    return own;
  }

  /** This version and those after it. */
  #versions(): FlagTable<Value>[] {
    return [this, ...this.#path().map(({ next }) => next)];
  }
}

/** The values of an older version that the next one replaced. */
interface Older<Value extends object> {
  readonly changed: ReadonlyMap<string, Value | undefined>;
  readonly next: FlagTable<Value>;
  reads: number;
}

/**
 * How many reads of an older version, per key that has changed since, are worth a map of its own.
 */
const manyReads = 64;

function changesOn(path: ReadonlyArray<Older<object>>): number {
  let count = 0;
  for (const { changed } of path) count += changed.size + 1;
  return count;
}
