import type { Leadership, Term } from '../leadership.ts';
import type { Follower } from './database/listener.ts';
import type { Session } from './database/session.ts';
import { writeLock } from './write-queue.ts';

/** Another server may hold the lock of all writes for a while. */
const lockWait = { silenceMs: 8000 };

/** The session lock that the leader holds. */
const leaderLock = 7_367_117_003;

/**
 * Elects the leader of all servers of a database: the one whose listening connection holds a lock.
 * The lock is lost silently with its connection, so each new leader also begins a term, under the
 * lock of all writes: a write that names an older term is refused.
 */
export class Election implements Leadership, Follower {
  readonly #candidates = new Set<(term: Term) => void>();
  /** Whether the connection may hold the lock without a candidate. */
  #isWithdrawn = false;
  #term: { readonly number: number; readonly ending: AbortController } | undefined;

  lead(onTerm: (term: Term) => void): () => void {
    this.#candidates.add(onTerm);
    if (this.#term) onTerm(describe(this.#term));
    return () => {
      this.#candidates.delete(onTerm);
      if (this.#candidates.size > 0 || this.#term === undefined) return;
      this.lost();
      this.#isWithdrawn = true;
    };
  }

  async follow(session: Session): Promise<void> {
    if (this.#isWithdrawn) {
      await session.transaction((statement) => statement`select pg_advisory_unlock_all()`, lockWait);
      this.#isWithdrawn = false;
    }
    if (this.#candidates.size === 0 || this.#term !== undefined) return;
    const number = await this.#begin(session).catch(() => {
      // It is tried again: the database may be read-only. A lost connection ends the listening.
      return undefined;
    });
    if (number === undefined) return;
    if (this.#candidates.size === 0) {
      this.#isWithdrawn = true;
      return;
    }
    this.#term = { number, ending: new AbortController() };
    for (const onTerm of this.#candidates) onTerm(describe(this.#term));
  }

  /** Takes the lock and begins a term; undefined if another server leads. */
  async #begin(session: Session): Promise<number | undefined> {
    return session.transaction(async (statement) => {
      const [lock] = await statement<{ held: boolean }>`
        select pg_try_advisory_lock(${leaderLock}) as held`;
      if (lock?.held !== true) return undefined;
      await statement`select pg_advisory_xact_lock(${writeLock})`;
      const [row] = await statement<{ term: number }>`
        update graylane.leadership set term = term + 1 returning term`;
      return row?.term;
    }, lockWait);
  }

  lost(): void {
    this.#term?.ending.abort();
    this.#term = undefined;
  }
}

function describe({ number, ending }: { readonly number: number; readonly ending: AbortController }): Term {
  return { number, ended: ending.signal };
}
