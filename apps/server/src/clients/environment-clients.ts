import { isDeepStrictEqual } from 'node:util';
import type { FlagStore } from '../store/flag-store.ts';
import type {
  Client,
  ClientCount,
  ClientName,
  ClientProtocol,
  ClientReport,
  Confirmation,
  Downstream,
} from './client.ts';
import { RevisionOrder } from './revision-order.ts';

/** A client that has reported, and whose stream ends elsewhere, is listed for so long. */
const reportedOnlyMs = 60_000;
const maxReportedOnly = 10_000;

/** A wait for the clients to confirm a revision. */
interface Wait {
  readonly place: number;
  readonly outstanding: Set<Client>;
  noticed(): void;
}

/**
 * The clients of one environment: those that have named themselves and confirm revisions, and the
 * number of the others. A client costs an entry as long as its stream is open.
 */
export class EnvironmentClients {
  readonly #store: FlagStore;
  readonly #order = new RevisionOrder();
  readonly #clients = new Map<string, Client>();
  /** The clients that are other servers of the same database. */
  readonly #replicas = new Set<string>();
  /** Clients that report here, and whose stream ends at another server; the oldest first. */
  readonly #elsewhere = new Map<string, Client>();
  readonly #unnamed: Record<ClientProtocol, number> = { changes: 0, flagd: 0, ofrep: 0 };
  readonly #waits = new Set<Wait>();
  readonly #listeners = new Set<() => void>();
  readonly #elsewhereListeners = new Set<(report: ClientReport) => void>();
  readonly #unsubscribe: () => void;

  constructor(store: FlagStore) {
    this.#store = store;
    this.#order.add(store.snapshot.revision);
    this.#unsubscribe = store.onChange(({ after }) => {
      this.#order.add(after.revision);
      this.#changed();
    });
  }

  /** Counts a client until the returned function is called. */
  connect(protocol: ClientProtocol, name?: ClientName): () => void {
    if (name === undefined) this.#unnamed[protocol] += 1;
    else this.#open(name).streams += 1;
    this.#changed();
    return () => {
      if (name === undefined) this.#unnamed[protocol] -= 1;
      else this.#disconnect(keyOf(name));
      this.#changed();
    };
  }

  /**
   * Takes the report of a client. Returns false, and takes nothing, if another sender has opened
   * the stream of that client.
   */
  report(report: ClientReport, now: number = Date.now()): boolean {
    const { revision, downstream, ...name } = report;
    const key = keyOf(name);
    const client = this.#clients.get(key);
    if (client === undefined) {
      for (const listener of this.#elsewhereListeners) listener(report);
      this.#elsewhere.delete(key);
      this.#elsewhere.set(key, { ...name, streams: 0, revision, downstream, reportedAt: now });
      this.#forget(now);
      return true;
    }
    if (report.sender !== undefined && report.sender !== client.sender) return false;
    Object.assign(client, { revision, downstream, reportedAt: now });
    for (const wait of this.#waits) this.#notice(client, wait);
    this.#changed();
    return true;
  }

  /** Takes a report that reached another server: it counts if the stream ends here. */
  reportFromElsewhere(report: ClientReport): void {
    const known = this.#clients.get(keyOf(report));
    if (known !== undefined && known.revision !== report.revision) this.report(report);
  }

  /** Takes the numbers of other servers of the same database; those without a report have gone. */
  reportReplicas(reports: readonly ClientReport[]): void {
    const present = new Set(reports.map(keyOf));
    for (const key of this.#replicas) {
      if (present.has(key)) continue;
      this.#replicas.delete(key);
      this.#disconnect(key);
    }
    for (const report of reports) {
      const key = keyOf(report);
      if (!this.#replicas.has(key)) this.#open(report).streams += 1;
      this.#replicas.add(key);
      const { revision, downstream } = this.#clients.get(key) ?? {};
      // Each server reports again every few seconds, mostly without news.
      if (revision === report.revision && isDeepStrictEqual(downstream, report.downstream)) continue;
      this.report(report);
    }
  }

  /** How many clients there are, and how many serve a revision, or a newer one. */
  count(revision: string = this.#store.snapshot.revision): ClientCount {
    const { connected, confirmable, confirmed } = this.downstream(revision);
    return { connected, confirmed, unconfirmable: connected - confirmable };
  }

  /** The numbers that a relay reports to its own server. */
  downstream(revision: string = this.#store.snapshot.revision): Downstream {
    return this.#count(revision, this.#clients.values());
  }

  /** The same, without the clients of other servers of the database. */
  own(): Downstream {
    const own = [...this.#clients].filter(([key]) => !this.#replicas.has(key));
    return this.#count(
      this.#store.snapshot.revision,
      own.map(([, client]) => client),
    );
  }

  #count(revision: string, clients: Iterable<Client>): Downstream {
    const place = this.#order.placeOf(revision);
    const { changes, flagd, ofrep } = this.#unnamed;
    let connected = changes + flagd + ofrep;
    let [confirmable, confirmed] = [0, 0];
    for (const client of clients) {
      const { downstream } = client;
      connected += downstream?.connected ?? 1;
      confirmable += downstream?.confirmable ?? 1;
      if (this.#hasReached(client, place)) confirmed += downstream?.confirmed ?? 1;
    }
    return { connected, confirmable, confirmed };
  }

  /** The clients that have named themselves, and the number of the others by protocol. */
  list(): {
    readonly clients: readonly Client[];
    readonly unnamed: Readonly<Record<ClientProtocol, number>>;
  } {
    this.#forget(Date.now());
    const clients = [...this.#clients.values(), ...this.#elsewhere.values()];
    return { clients, unnamed: { ...this.#unnamed } };
  }

  /**
   * Resolves when all clients that can confirm a revision have done so, or after a while.
   * @param since when the change began, as `performance.now()` returns it.
   */
  async confirmation(revision: string, since: number, timeoutMs: number): Promise<Confirmation> {
    const place = this.#order.placeOf(revision);
    let lastMs: number | undefined;
    await new Promise<void>((resolve) => {
      const candidates = [...this.#clients.values()];
      const wait: Wait = {
        place,
        outstanding: new Set(candidates.filter((client) => !this.#isComplete(client, place))),
        noticed: () => {
          lastMs = performance.now() - since;
          if (wait.outstanding.size === 0) end();
        },
      };
      if (candidates.length > wait.outstanding.size) lastMs = performance.now() - since;
      const end = (): void => {
        clearTimeout(timer);
        this.#waits.delete(wait);
        resolve();
      };
      const timer = setTimeout(end, timeoutMs);
      this.#waits.add(wait);
      if (wait.outstanding.size === 0) end();
    });
    return { ...this.count(revision), lastMs: lastMs === undefined ? undefined : Math.round(lastMs) };
  }

  /** Calls back when the numbers may have changed. Returns a function that ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls back with the report of a client whose stream does not end here. */
  onElsewhere(listener: (report: ClientReport) => void): () => void {
    this.#elsewhereListeners.add(listener);
    return () => this.#elsewhereListeners.delete(listener);
  }

  close(): void {
    this.#unsubscribe();
  }

  #open(name: ClientName): Client {
    const key = keyOf(name);
    let client = this.#clients.get(key);
    if (client === undefined) {
      client = { ...name, streams: 0, revision: undefined, reportedAt: undefined, downstream: undefined };
      this.#clients.set(key, client);
      this.#elsewhere.delete(key);
    }
    return client;
  }

  #disconnect(key: string): void {
    const client = this.#clients.get(key);
    if (client === undefined) return;
    client.streams -= 1;
    if (client.streams > 0) return;
    this.#clients.delete(key);
    for (const wait of this.#waits) {
      if (wait.outstanding.delete(client) && wait.outstanding.size === 0) wait.noticed();
    }
  }

  #notice(client: Client, wait: Wait): void {
    if (!this.#isComplete(client, wait.place)) return;
    if (wait.outstanding.delete(client)) wait.noticed();
  }

  #hasReached({ revision }: Client, place: number): boolean {
    return this.#order.placeOf(revision) >= Math.max(0, place);
  }

  /** Whether nothing more will come from a client: a relay waits for its own clients. */
  #isComplete(client: Client, place: number): boolean {
    const { downstream } = client;
    const isAll = downstream === undefined || downstream.confirmed >= downstream.confirmable;
    return isAll && this.#hasReached(client, place);
  }

  /** Drops old reports of clients that are not connected here. */
  #forget(now: number): void {
    for (const [key, { reportedAt = 0 }] of this.#elsewhere) {
      if (now - reportedAt < reportedOnlyMs && this.#elsewhere.size <= maxReportedOnly) return;
      this.#elsewhere.delete(key);
    }
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function keyOf({ service, instance }: ClientName): string {
  return `${instance} ${service}`;
}
