import type { ServerClient } from '@graylane/source';
import type { EnvironmentFile } from '../store/disk/environment-file.ts';
import { readRecord, type AuditRecord, type KillRecord, type RefusalRecord } from '../audit/audit-record.ts';
import type { UpstreamStore } from './upstream-store.ts';

/** The kills that wait for the link; refusals are summed by reason. */
const maxWaiting = 1000;
const maxReasons = 200;

/** How long a report may take, and how often refusals are reported at most, in milliseconds. */
const [timeoutMs, refusalsMs] = [10_000, 5000];

/** The parts that a queue uses. */
export interface AuditQueueOptions {
  /** Names this server in the records. */
  readonly relay: string;
  readonly environment: string;
  readonly client: ServerClient;
  readonly store: UpstreamStore;
  /** Keeps the records over a restart. */
  readonly file: EnvironmentFile<readonly unknown[]>;
}

/**
 * The records of a relay that wait for the link to the upstream server. Kills and their ends are
 * sent first, then the refusals. A record that was sent right before a crash may be sent again: the
 * upstream server knows it by its content.
 */
export class AuditQueue {
  readonly #options: AuditQueueOptions;
  readonly #path: string;
  readonly #unsubscribe: () => void;
  readonly #timer: NodeJS.Timeout;
  #kills: readonly KillRecord[] = [];
  #refusals = new Map<string, RefusalRecord>();
  /** The refusals on their way, which later ones must not be added to. */
  #sending: ReadonlyMap<string, RefusalRecord> = new Map();
  #isSending = false;

  constructor(options: AuditQueueOptions) {
    const { environment, store, file } = options;
    this.#options = options;
    this.#path = `api/v1/environments/${encodeURIComponent(environment)}/audit`;
    const kept = file.of(environment);
    for (const one of Array.isArray(kept) ? kept : []) this.#take(readRecord(one));
    this.#unsubscribe = store.onLink(() => void this.#send());
    this.#timer = setInterval(() => {
      this.#keep();
      void this.#send();
    }, refusalsMs).unref();
  }

  add(record: AuditRecord): void {
    this.#take(record);
    if (record.kind === 'refusals') return;
    this.#keep();
    void this.#send();
  }

  /** Counts one refused request. */
  refuse(protocol: string, code: string): void {
    const at = new Date().toISOString();
    this.#sum({ kind: 'refusals', at, until: at, protocol, code, count: 1 });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unsubscribe();
    this.#keep();
  }

  #take(record: AuditRecord | undefined): void {
    if (record === undefined) return;
    if (record.kind === 'refusals') this.#sum(record);
    else this.#kills = [...this.#kills, record].slice(-maxWaiting);
  }

  #keep(): void {
    const { file, environment } = this.#options;
    const waiting = [...this.#kills, ...this.#sending.values(), ...this.#refusals.values()];
    file.keep(environment, waiting.length > 0 ? waiting : undefined);
  }

  #sum(record: RefusalRecord): void {
    const key = `${record.protocol} ${record.code}`;
    const before = this.#refusals.get(key);
    if (before === undefined && this.#refusals.size >= maxReasons) return;
    const count = (before?.count ?? 0) + record.count;
    this.#refusals.set(key, { ...record, at: before?.at ?? record.at, count });
  }

  async #send(): Promise<void> {
    if (this.#isSending || !this.#options.store.link.connected) return;
    this.#isSending = true;
    while (this.#kills.length > 0 || this.#refusals.size > 0) {
      const kills = this.#kills;
      if (kills.length === 0) [this.#sending, this.#refusals] = [this.#refusals, new Map()];
      const records = kills.length > 0 ? kills : [...this.#sending.values()];
      // oxlint-disable-next-line no-await-in-loop -- Kills first, then what came meanwhile.
      const { status, failure } = await this.#post(records);
      // A server that refuses the records would refuse them again.
      const isOver = failure === undefined || (status !== undefined && status < 500);
      if (isOver) this.#kills = this.#kills.filter((kill) => !kills.includes(kill));
      else for (const record of this.#sending.values()) this.#sum(record);
      this.#sending = new Map();
      this.#keep();
      if (failure !== undefined) break;
    }
    this.#isSending = false;
  }

  #post(records: readonly AuditRecord[]): ReturnType<ServerClient['post']> {
    const { relay, client } = this.#options;
    return client.post(this.#path, JSON.stringify({ relay, records }), { timeoutMs, keepsAlive: false });
  }
}
