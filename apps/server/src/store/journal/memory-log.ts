import type { PartChange } from '../../model/document.ts';
import type { HistoryPage, Revision } from '../../model/revision.ts';
import { newHistory, touches, type NewRevision, type RevisionLog } from './revision-log.ts';

const maxKept = 1000;
/** Of the changes of all kept revisions, as JSON. */
const maxCharacters = 16_777_216;
/** More changes than these are not measured: their revision counts as the largest. */
const maxMeasured = 1000;

/**
 * The last 1,000 revisions since the start, fewer if they are large: a flags file alone has no
 * history.
 */
export class MemoryLog implements RevisionLog {
  readonly isDurable: boolean = false;
  readonly details = {};
  readonly #history = newHistory();
  #count = 0;
  /** Newest first. */
  #revisions: readonly Revision[] = [];
  /** The size of each of them. */
  #sizes: readonly number[] = [];

  get head(): string | undefined {
    return this.#revisions[0]?.revision;
  }

  append(entry: NewRevision): Promise<Revision> {
    this.#count += 1;
    const revision = { revision: `${this.#history}.${this.#count}`, at: new Date().toISOString(), ...entry };
    this.#sizes = fitting([sizeOf(entry.changes), ...this.#sizes]);
    this.#revisions = [revision, ...this.#revisions].slice(0, this.#sizes.length);
    return Promise.resolve(revision);
  }

  find(revision: string): Promise<Revision | undefined> {
    return Promise.resolve(this.#revisions.find((one) => one.revision === revision));
  }

  page({ limit, before, part }: HistoryPage): Promise<readonly Revision[]> {
    const older = this.#revisions.findIndex(({ revision }) => revision === before);
    const found = this.#revisions.slice(older + 1).filter((one) => part === undefined || touches(one, part));
    return Promise.resolve(found.slice(0, limit));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function sizeOf(changes: readonly PartChange[]): number {
  return changes.length > maxMeasured ? maxCharacters : JSON.stringify(changes).length;
}

/** The first of these sizes that may be kept; the very first one may exceed the limit. */
function fitting(sizes: readonly number[]): readonly number[] {
  let characters = 0;
  const tooOld = sizes.findIndex((size, index) => {
    characters += size;
    return index === maxKept || (index > 0 && characters > maxCharacters);
  });
  return tooOld < 0 ? sizes : sizes.slice(0, tooOld);
}
