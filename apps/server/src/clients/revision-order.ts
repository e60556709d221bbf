/** The number of revisions whose order is known; a client with an older one is behind anyway. */
const maxKnown = 1000;

/** The order in which a server has served its revisions. */
export class RevisionOrder {
  readonly #places = new Map<string, number>();
  #next = 0;

  /** Appends the newest revision. */
  add(revision: string): void {
    this.#places.delete(revision);
    this.#places.set(revision, this.#next++);
    if (this.#places.size > maxKnown) this.#places.delete(this.#places.keys().next().value ?? '');
  }

  /** The place of a revision; -1 if it is older than all that are known, or from another server. */
  placeOf(revision: string | undefined): number {
    return (revision === undefined ? undefined : this.#places.get(revision)) ?? -1;
  }
}
