import { setTimeout as pause } from 'node:timers/promises';
import type { Environments } from '../store/environments.ts';
import type { FlagStore } from '../store/flag-store.ts';
import type { Database } from '../store/postgres/database/database.ts';
import { silenceMs, type Follower } from '../store/postgres/database/listener.ts';
import type { Session } from '../store/postgres/database/session.ts';
import { Turns } from '../turns.ts';
import type { ClientReport, Downstream } from './client.ts';
import type { Clients } from './clients.ts';
import type { EnvironmentClients } from './environment-clients.ts';

/** The parts that reports are made of. */
export interface ReplicaReportsOptions {
  readonly database: Database;
  readonly environments: Environments;
  readonly clients: Clients;
  /** Names this server. */
  readonly id: string;
}

/** A row of `graylane.replicas`. */
interface Row extends Downstream {
  readonly replica: string;
  readonly environment: string;
  readonly revision: string;
}

/** A row of `graylane.confirmations`. */
interface Confirmed extends Pick<ClientReport, 'service' | 'instance' | 'revision'> {
  readonly environment: string;
  /** The name of the token that reported it. */
  readonly sender: string;
}

/** The name of a server among the clients of another one. */
const service = 'graylane-server';

/** Changes within this time are one report, in milliseconds. */
const coalesceMs = 1000;

/** The same while clients confirm a revision, for so long after it. */
const [confirmingCoalesceMs, confirmingMs] = [50, 10_000];

/** How often a server reports without a change, in milliseconds. */
const renewMs = 2000;

/** A server that has not reported for so long has gone, in seconds. */
const goneS = 8;

/** How long a stop waits for the database, in milliseconds. */
const farewellMs = 1000;

/**
 * Reports the clients of each server of a database to the others: a kill at one of them is
 * confirmed by the clients of all. During trouble with the database a server counts its own.
 */
export class ReplicaReports implements Follower {
  readonly #options: ReplicaReportsOptions;
  readonly #turns = new Turns();
  readonly #unwatch: () => void;
  readonly #renewal: NodeJS.Timeout;
  /** Reports of clients whose streams end at another server, until they are written. */
  readonly #elsewhere = new Map<string, Confirmed>();
  /** The numbers that the others have. */
  #reported = '[]';
  #confirmingUntil = 0;
  #isFailing = false;
  #due: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: ReplicaReportsOptions) {
    this.#options = options;
    options.database.listener.add(this);
    this.#unwatch = options.environments.onCreate((name, store) => this.#watch(name, store));
    this.#renewal = setInterval(() => void this.#turns.run(() => this.#report(true)), renewMs);
    this.#renewal.unref();
  }

  /** Takes what the other servers have reported. */
  async follow(session: Session): Promise<void> {
    const [rows, confirmed] = await session.transaction(
      async (statement) => [
        await statement<Row>`
          select replica, environment, revision, connected, confirmable, confirmed
          from graylane.replicas
          where replica <> ${this.#options.id} and reported_at > now() - make_interval(secs => ${goneS})`,
        await statement<Confirmed>`
          select service, instance, revision, environment, sender
          from graylane.confirmations where reported_at > now() - make_interval(secs => ${goneS})`,
      ],
      { silenceMs },
    );
    for (const { environment, ...report } of confirmed) this.#of(environment)?.reportFromElsewhere(report);
    this.#take(rows);
  }

  /** Forgets the other servers: their numbers are not known any more. */
  lost(): void {
    this.#take([]);
  }

  /** Ends the reports; the others forget this server at once, if the database responds. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#renewal);
    clearTimeout(this.#due);
    this.#unwatch();
    if (this.#reported === '[]') return;
    const farewell = this.#turns.run(() => this.#write([]));
    await Promise.race([farewell, pause(farewellMs, undefined, { ref: false })]);
  }

  #watch(environment: string, store: FlagStore): void {
    const clients = this.#options.clients.of(store);
    if (clients === undefined) return;
    store.onChange(() => (this.#confirmingUntil = performance.now() + confirmingMs));
    clients.onChange(() => this.#schedule());
    clients.onElsewhere(({ service: of, instance, revision, sender = '' }) => {
      const confirmed = { service: of, instance, revision, environment, sender };
      this.#elsewhere.set(`${environment} ${instance} ${of}`, confirmed);
      this.#schedule();
    });
  }

  #take(rows: readonly Row[]): void {
    const reports = new Map<string, ClientReport[]>();
    for (const { replica: instance, environment, revision, ...downstream } of rows) {
      const report = { service, instance, revision, downstream };
      reports.set(environment, [...(reports.get(environment) ?? []), report]);
    }
    for (const name of this.#options.environments.names) {
      this.#of(name)?.reportReplicas(reports.get(name) ?? []);
    }
  }

  #of(environment: string): EnvironmentClients | undefined {
    const store = this.#options.environments.get(environment);
    return store && this.#options.clients.of(store);
  }

  #schedule(): void {
    if (this.#isClosed || this.#due !== undefined) return;
    const isConfirming = performance.now() < this.#confirmingUntil;
    this.#due = setTimeout(
      () => {
        this.#due = undefined;
        void this.#turns.run(() => this.#report());
      },
      isConfirming ? confirmingCoalesceMs : coalesceMs,
    );
    this.#due.unref();
  }

  async #report(isRenewal = false): Promise<void> {
    const rows = this.#rows();
    const report = JSON.stringify(rows);
    const isKnown = report === this.#reported && (!isRenewal || rows.length === 0);
    if (this.#isClosed || (isKnown && this.#elsewhere.size === 0)) return;
    if (await this.#write(rows)) this.#reported = report;
  }

  /** The numbers of this server, in environments that have clients. */
  #rows(): readonly Row[] {
    const { environments, id } = this.#options;
    return environments.names.flatMap((environment) => {
      const own = this.#of(environment)?.own();
      const revision = environments.get(environment)?.snapshot.revision;
      if (revision === undefined || own === undefined || own.connected === 0) return [];
      return { replica: id, environment, revision, ...own };
    });
  }

  /** Replaces the rows of this server, and drops old ones of others. Returns whether it did. */
  async #write(rows: readonly Row[]): Promise<boolean> {
    const { database, id } = this.#options;
    const elsewhere = [...this.#elsewhere.values()];
    this.#elsewhere.clear();
    if (database.trouble !== undefined) return false;
    try {
      await database.write(async (statement) => {
        await statement`
          delete from graylane.replicas
          where replica = ${id} or reported_at < now() - make_interval(secs => ${goneS})`;
        await statement`
          insert into graylane.replicas
          select replica, environment, revision, connected, confirmable, confirmed, now()
          from json_populate_recordset(null::graylane.replicas, ${JSON.stringify(rows)}::text::json)`;
        await statement`
          delete from graylane.confirmations where reported_at < now() - make_interval(secs => ${goneS})`;
        await statement`
          insert into graylane.confirmations
          select instance, service, environment, revision, sender, now()
          from json_populate_recordset(null::graylane.confirmations, ${JSON.stringify(elsewhere)}::text::json)
          on conflict (instance, service, environment)
            do update set revision = excluded.revision, sender = excluded.sender, reported_at = excluded.reported_at`;
        await statement`notify graylane`;
      });
      this.#isFailing = false;
      return true;
    } catch (error) {
      // The next report has all numbers again; a confirmation that is lost counts as missing.
      if (database.trouble === undefined && !this.#isFailing)
        database.log.warn(`other servers don't count the clients of this one: ${(error as Error).message}`);
      this.#isFailing = true;
      return false;
    }
  }
}
