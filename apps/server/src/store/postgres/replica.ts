import { compileDocument } from '../../model/compile.ts';
import type { PartChange, PartPath } from '../../model/document.ts';
import { changeShared } from '../../model/parts.ts';
import { traceId } from '../../model/revision.ts';
import { TimeSlices } from '../../time-slices.ts';
import { Turns } from '../../turns.ts';
import { applyRevision, type Applied } from '../apply-change.ts';
import type { JournalEntry } from '../journal/line.ts';
import { PostgresStore, type EnvironmentRow, type Head, type StoreOptions } from './postgres-store.ts';
import { toRevision, type Position, type RevisionRow } from './revision-rows.ts';
import type { Statement } from './database/session.ts';

/** A revision that this server has written itself, with the document after it. */
export interface OwnRevision {
  readonly rev: number;
  readonly store: PostgresStore;
  readonly head: Head;
  readonly applied: Applied;
  readonly entry: JournalEntry;
  /** The trace of the request for it, for the log. */
  readonly trace: string | undefined;
}

/** Is called back when environments come and go. */
export interface ReplicaListener {
  created(store: PostgresStore): void;
  removed(store: PostgresStore): void;
}

const noContent = { flags: new Map<string, unknown>(), shared: {} };

/**
 * The environments as this server has them in memory, up to one revision of the database. Each
 * revision is taken over once and in order, wherever it was read first: after a notification, by
 * the timer, under the lock of a write, or because this server wrote it.
 */
export class Replica {
  readonly #options: StoreOptions;
  readonly #listener: ReplicaListener;
  readonly #stores = new Map<number, PostgresStore>();
  #position: Position = { rev: 0, hash: '' };
  readonly #turns = new Turns();

  constructor(options: StoreOptions, listener: ReplicaListener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** The newest revision that was taken over. */
  get position(): Position {
    return this.#position;
  }

  /** Reads all environments, in a transaction that sees one state of the database. */
  async load(statement: Statement): Promise<void> {
    const [last] = await statement<Position>`
      select rev, hash from graylane.revisions order by rev desc limit 1`;
    const rows = await statement<EnvironmentRow & Head>`
      select e.id as environment, e.name, e.history, r.n, r.hash
      from graylane.environments e
      join lateral (
        select n, hash from graylane.revisions where environment = e.id order by n desc limit 1
      ) r on true
      where e.removed_at is null order by e.id`;
    for (const { environment, name, history, n, hash } of rows) {
      const parts = await statement<{ path: string; value: string }>`
        select path, value from graylane.parts where environment = ${environment} order by position`;
      const content = await compileDocument(toParsed(parts), new TimeSlices());
      const row = { environment, name, history };
      const store = new PostgresStore(this.#options, row, { n, hash }, content);
      this.#stores.set(environment, store);
      this.#listener.created(store);
    }
    if (last !== undefined) this.#position = last;
  }

  /** Takes revisions over that were read from the database; known ones are skipped. */
  take(rows: readonly RevisionRow[]): Promise<void> {
    return this.#turns.run(async () => {
      for (const row of rows) if (row.rev > this.#position.rev) await this.#take(row);
    });
  }

  /** Takes revisions over that this server has committed; known ones are skipped. */
  takeOwn(revisions: readonly OwnRevision[]): Promise<void> {
    return this.#turns.run(() => {
      for (const { rev, store, head, applied, entry, trace } of revisions) {
        if (rev <= this.#position.rev) continue;
        store.advance(head, applied, { ...toRevision(store.row.history, entry), [traceId]: trace });
        this.#position = { rev, hash: head.hash };
      }
      return Promise.resolve();
    });
  }

  async #take(row: RevisionRow): Promise<void> {
    const { rev, environment, hash, line } = row;
    const entry = JSON.parse(line) as JournalEntry;
    const head = { n: entry.n, hash };
    const store = this.#stores.get(environment);
    const slices = new TimeSlices();
    if (store === undefined) {
      const content = await compileDocument(noContent, slices);
      const created = new PostgresStore(
        this.#options,
        row,
        head,
        await applyRevision(content, entry.changes, slices),
      );
      this.#stores.set(environment, created);
      this.#listener.created(created);
    } else if (entry.removed) {
      this.#stores.delete(environment);
      store.end(head);
      this.#listener.removed(store);
    } else {
      const applied = await applyRevision(store.snapshot, entry.changes, slices);
      store.advance(head, applied, toRevision(row.history, entry));
    }
    this.#position = { rev, hash };
  }
}

function toParsed(parts: readonly { readonly path: string; readonly value: string }[]): {
  readonly flags: ReadonlyMap<string, unknown>;
  readonly shared: Readonly<Record<string, unknown>>;
} {
  const flags = new Map<string, unknown>();
  const shared: PartChange[] = [];
  for (const { path, value } of parts) {
    const [member, name] = JSON.parse(path) as PartPath;
    if (member === 'flags') flags.set(name ?? '', JSON.parse(value));
    else shared.push({ path: JSON.parse(path) as PartPath, after: JSON.parse(value) as unknown });
  }
  return { flags, shared: changeShared({}, shared) };
}
