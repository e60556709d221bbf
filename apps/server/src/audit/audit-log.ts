import type { Log } from '../log.ts';
import type { FlagStore } from '../store/flag-store.ts';
import type { AuditRecord } from './audit-record.ts';

/** A record, with the relay that sent it and its token. */
export type ReceivedRecord = AuditRecord & {
  readonly relay: string;
  readonly token: string;
  readonly receivedAt: string;
};

/** The number of records that are kept for each environment; the log has all of them. */
const maxKept = 1000;

/** The records of relays, by environment: in the log of the server, and the newest in memory. */
export class AuditLog {
  readonly #log: Log;
  readonly #records = new WeakMap<FlagStore, ReceivedRecord[]>();
  readonly #listeners = new Set<(store: FlagStore, records: readonly AuditRecord[]) => void>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Takes the records of a relay, whose request had the token of this name. */
  add(
    store: FlagStore,
    environment: string,
    relay: string,
    token: string,
    records: readonly AuditRecord[],
  ): void {
    const receivedAt = new Date().toISOString();
    // A relay that crashed before it knew of the receipt sends its records again.
    const known = new Set(this.list(store).map(contentOf));
    const news = records.filter((record) => !known.has(contentOf(record)));
    const received = news.map((record) => ({ ...record, relay, token, receivedAt }));
    for (const record of received) this.#log.warn(`${environment}: ${sentenceOf(record)}`, { ...record });
    const kept = [...this.list(store), ...received];
    this.#records.set(store, kept.slice(-maxKept));
    for (const listener of this.#listeners) listener(store, news);
  }

  /** The oldest first. */
  list(store: FlagStore): readonly ReceivedRecord[] {
    return this.#records.get(store) ?? [];
  }

  /** Calls back with the records of relays: a relay passes them on. */
  onRecords(listener: (store: FlagStore, records: readonly AuditRecord[]) => void): void {
    this.#listeners.add(listener);
  }
}

/** The record alone, without the relay that sent it and the receipt. */
function contentOf(record: AuditRecord): string {
  if (record.kind === 'refusals') {
    const { at, until, protocol, code, count } = record;
    return JSON.stringify([at, until, protocol, code, count]);
  }
  const { kind, id, at, lane, flag, author } = record;
  return JSON.stringify([kind, id, at, lane, flag, author]);
}

function sentenceOf(record: ReceivedRecord): string {
  const relay = `relay ${record.relay}`;
  if (record.kind === 'refusals')
    return `${relay} has refused ${record.count} requests (${record.protocol}, ${record.code})`;
  const target = record.lane === undefined ? `flag "${record.flag}"` : `lane "${record.lane}"`;
  const act = record.kind === 'kill' ? 'killed the' : 'lifted its kill of the';
  return `${relay} has ${act} ${target} at ${record.at}, by ${record.author}; on that relay alone`;
}
