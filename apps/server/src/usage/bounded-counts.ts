import { LiveCount } from './count.ts';

/**
 * The most characters of the names together. Names come from reports, so the number of names alone
 * would not bound the memory.
 */
const maxCharacters = 65_536;

/** Counts by name. Beyond the bounds, the name that was seen least recently is forgotten. */
export class BoundedCounts {
  readonly #maxNames: number;
  readonly #counts = new Map<string, LiveCount>();
  #characters = 0;

  constructor(maxNames: number) {
    this.#maxNames = maxNames;
  }

  get byName(): ReadonlyMap<string, LiveCount> {
    return this.#counts;
  }

  /** The count of a name. A new name may displace others. */
  of(name: string): LiveCount {
    const known = this.#counts.get(name);
    if (known !== undefined) return known;
    while (this.#counts.size > 0 && !this.#hasRoomFor(name)) this.delete(this.#oldest());
    const added = new LiveCount();
    this.#counts.set(name, added);
    this.#characters += name.length;
    return added;
  }

  delete(name: string): void {
    if (this.#counts.delete(name)) this.#characters -= name.length;
  }

  #hasRoomFor(name: string): boolean {
    return this.#counts.size < this.#maxNames && this.#characters + name.length <= maxCharacters;
  }

  #oldest(): string {
    let [oldest, since] = ['', Number.POSITIVE_INFINITY];
    for (const [name, { last }] of this.#counts) if (last < since) [oldest, since] = [name, last];
    return oldest;
  }
}
