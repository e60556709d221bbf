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
  /** By name. Each token that has a stream under a name has an entry of its own. */
  readonly #clients = new Map<string, Client[]>();
  /** The clients that are other servers of the same database. */
  readonly #replicas = new Map<string, ClientName>();
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
      else this.#disconnect(name);
      this.#changed();
    };
  }

  /**
   * Takes the report of a client. Returns false, and takes nothing, if other senders have opened
   * streams under the name of that client, and this one has not.
   */
  report(report: ClientReport, now: number = Date.now()): boolean {
    const { revision, downstream, ...name } = report;
    const key = keyOf(name);
    if (!this.#clients.has(key)) {
      for (const listener of this.#elsewhereListeners) listener(report);
      this.#elsewhere.delete(key);
      this.#elsewhere.set(key, { ...name, streams: 0, revision, downstream, reportedAt: now });
      this.#forget(now);
      return true;
    }
    const client = this.#find(report);
    if (client === undefined) return false;
    Object.assign(client, { revision, downstream, reportedAt: now });
    for (const wait of this.#waits) this.#notice(client, wait);
    this.#changed();
    return true;
  }

  /** Takes a report that reached another server: it counts if the stream ends here. */
  reportFromElsewhere(report: ClientReport): void {
    const known = this.#find(report);
    if (known !== undefined && known.revision !== report.revision) this.report(report);
  }

  /** Takes the numbers of other servers of the same database; those without a report have gone. */
  reportReplicas(reports: readonly ClientReport[]): void {
    const present = new Set(reports.map(keyOf));
    for (const [key, name] of this.#replicas) {
      if (present.has(key)) continue;
      this.#replicas.delete(key);
      this.#disconnect(name);
    }
    for (const report of reports) {
      const { service, instance } = report;
      const name = { service, instance };
      if (!this.#replicas.has(keyOf(name))) this.#open(name).streams += 1;
      this.#replicas.set(keyOf(name), name);
      const { revision, downstream } = this.#find(name) ?? {};
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
    return this.#count(revision, this.#named());
  }

  /** The same, without the clients of other servers of the database. */
  own(): Downstream {
    const isOwn = (client: Client): boolean =>
      client.sender !== undefined || !this.#replicas.has(keyOf(client));
    return this.#count(this.#store.snapshot.revision, this.#named().filter(isOwn));
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
    const clients = [...this.#named(), ...this.#elsewhere.values()];
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
      const candidates = this.#named();
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

  #named(): readonly Client[] {
    return [...this.#clients.values()].flat();
  }

  #find(name: ClientName): Client | undefined {
    return this.#clients.get(keyOf(name))?.find(({ sender }) => sender === name.sender);
  }

  #open(name: ClientName): Client {
    const known = this.#find(name);
    if (known !== undefined) return known;
    const key = keyOf(name);
    const client = { ...name, streams: 0, revision: undefined, reportedAt: undefined, downstream: undefined };
    this.#clients.set(key, [...(this.#clients.get(key) ?? []), client]);
    this.#elsewhere.delete(key);
    return client;
  }

  #disconnect(name: ClientName): void {
    const client = this.#find(name);
    if (client === undefined) return;
    client.streams -= 1;
    if (client.streams > 0) return;
    const others = this.#clients.get(keyOf(name))?.filter((one) => one !== client) ?? [];
    if (others.length > 0) this.#clients.set(keyOf(name), others);
    else this.#clients.delete(keyOf(name));
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
