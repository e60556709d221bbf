import type { FSWatcher } from 'node:fs';
import { openWatcher } from '@graylane/source';

/**
 * How often each file is checked, because mounted file systems report no changes.
 */
const pollMs = 500;

/**
 * The most files that are looked at each time, together, so that the process wakes once: 500 files
 * cost as much as 12, and are seen less often.
 */
const filesPerPoll = 12;

/** Editors write in several steps: after so long a silence the file is complete. */
const settleMs = 25;

/** Watches many files: one timer for all of them, and the system's own events where they exist. */
export class FileWatcher {
  readonly #watched = new Set<Watched>();
  #turn: IterableIterator<Watched> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * Calls back when a file may have changed, and once in a while anyway. The folder is watched, so
   * that the file may be replaced by an editor, `mv` or a Kubernetes volume. Returns a function
   * that ends it.
   */
  watch(file: string, look: () => void): () => void {
    const watched = new Watched(file, look);
    this.#watched.add(watched);
    this.#timer ??= setInterval(() => {
      for (let looks = Math.min(filesPerPoll, this.#watched.size); looks > 0; looks -= 1) this.#lookAtNext();
    }, pollMs).unref();
    return () => {
      watched.close();
      this.#watched.delete(watched);
      if (this.#watched.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  #lookAtNext(): void {
    let next = this.#turn?.next();
    if (next === undefined || next.done === true) {
      this.#turn = this.#watched.values();
      next = this.#turn.next();
    }
    if (next.done !== true) next.value.look();
  }
}

class Watched {
  readonly look: () => void;
  readonly #watcher: FSWatcher | undefined;
  #settling: NodeJS.Timeout | undefined;

  constructor(file: string, look: () => void) {
    this.look = look;
    this.#watcher = openWatcher(file, () => {
      clearTimeout(this.#settling);
      this.#settling = setTimeout(look, settleMs);
    });
  }

  close(): void {
    clearTimeout(this.#settling);
    this.#watcher?.close();
  }
}
