import type { Content, Snapshot } from '../../model/document.ts';
import { RequestError } from '../../model/request-error.ts';
import { traceId } from '../../model/revision.ts';
import { TimeSlices } from '../../time-slices.ts';
import { applyChange } from '../apply-change.ts';
import type { Decide } from '../flag-store.ts';
import type { Fence } from '../records.ts';
import type { Database } from './database/database.ts';
import type { Head, PostgresStore } from './postgres-store.ts';
import { readRecords, writeRecords } from './record-rows.ts';
import type { OwnRevision, Replica } from './replica.ts';
import { appendLine, readAfter } from './revision-rows.ts';
import type { Statement } from './database/session.ts';

/** A write that waits for its turn. */
interface Job {
  readonly store: PostgresStore;
  readonly decide: Decide;
  readonly fence: Fence | undefined;
  readonly resolve: (snapshot: Snapshot) => void;
  readonly reject: (error: unknown) => void;
}

/** An environment with the revisions that a transaction has added so far. */
interface Draft {
  content: Content;
  head: Head;
  revision: string;
}

/** So many writes share one transaction at most, and with it one COMMIT. */
const maxBatch = 64;

/** The lock under which every revision is written, so that revisions are in commit order. */
export const writeLock = 7_367_117_002;

/**
 * The writes of this server. Each transaction takes the lock of all servers, reads what others have
 * written, and decides then: no other write comes in between. Writes that arrive while one runs
 * share the next transaction.
 */
export class WriteQueue {
  readonly #database: Database;
  readonly #replica: () => Replica;
  #jobs: Job[] = [];
  #draining: Promise<void> | undefined;

  constructor(database: Database, replica: () => Replica) {
    this.#database = database;
    this.#replica = replica;
  }

  write(store: PostgresStore, decide: Decide, fence: Fence | undefined): Promise<Snapshot> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ store, decide, fence, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  /**
   * Runs a transaction under the lock of all writes, with the newest revisions taken over.
   * @throws {RequestError} if the database can't be reached, or can't be written.
   */
  async underLock<T>(work: (statement: Statement) => Promise<T>): Promise<T> {
    return this.#database.write(async (statement) => {
      const replica = this.#replica();
      const [, rows] = await Promise.all([
        statement`select pg_advisory_xact_lock(${writeLock})`,
        readAfter(statement, replica.position),
      ]);
      await replica.take(rows);
      return work(statement);
    });
  }

  /** Finishes the writes under way. */
  async close(): Promise<void> {
    await this.#draining;
  }

  async #drain(): Promise<void> {
    while (this.#jobs.length > 0) await this.#run(this.#jobs.splice(0, maxBatch));
    this.#draining = undefined;
  }

  async #run(batch: readonly Job[]): Promise<void> {
    const settled: Array<() => void> = [];
    try {
      const made = await this.underLock(async (statement) => {
        const drafts = new Map<PostgresStore, Draft>();
        const revisions: OwnRevision[] = [];
        for (const job of batch) {
          const { store } = job;
          const draft = drafts.get(store) ?? {
            content: store.snapshot,
            head: store.head,
            revision: store.snapshot.revision,
          };
          drafts.set(store, draft);
          try {
            const own = await writeOne(statement, job, draft);
            if (own) revisions.push(own);
            const snapshot = snapshotOf(draft);
            settled.push(() =>
              job.resolve(store.snapshot.revision === snapshot.revision ? store.snapshot : snapshot),
            );
          } catch (error) {
            settled.push(() => job.reject(error));
          }
        }
        return revisions;
      });
      await this.#replica().takeOwn(made);
      for (const settle of settled) settle();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

/** Decides on one write and adds its revision, if anything differs, to the transaction. */
async function writeOne(
  statement: Statement,
  { store, decide, fence }: Job,
  draft: Draft,
): Promise<OwnRevision | undefined> {
  store.refuseIfRemoved();
  if (fence?.term !== undefined) await refuseStaleTerm(statement, fence.term);
  const { environment, history } = store.row;
  const change = await decide(snapshotOf(draft), readRecords(statement, environment));
  const applied = await applyChange(draft.content, change, new TimeSlices());
  if ('problems' in applied) {
    throw new RequestError('invalid', 'the change is not valid', { problems: applied.problems });
  }
  const { author, reason, undoes, records = [] } = change;
  const { changes } = applied;
  await writeRecords(statement, environment, records);
  if (changes.length === 0) return undefined;
  const n = draft.head.n + 1;
  const at = new Date().toISOString();
  const entry = { n, at, ...(records.length > 0 && { records }), author, reason, undoes, changes };
  const { rev, hash } = await appendLine(statement, environment, draft.head.hash, entry);
  const head = { n, hash };
  Object.assign(draft, { content: applied, head, revision: `${history}.${n}` });
  return { rev, store, head, applied, entry, trace: change[traceId] };
}

async function refuseStaleTerm(statement: Statement, term: number): Promise<void> {
  const [newest] = await statement<{ term: number }>`select term from graylane.leadership`;
  if (newest?.term === term) return;
  const message = `term ${term} of the leadership has ended, term ${newest?.term} has begun: nothing was written`;
  throw new RequestError('stale_term', message);
}

function snapshotOf({ content: { flags, shared }, revision }: Draft): Snapshot {
  return { revision, flags, shared };
}
