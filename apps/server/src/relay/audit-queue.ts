import type { ServerClient } from '@graylane/source';
import type { AuditRecord, KillRecord, RefusalRecord } from './audit-record.ts';
import type { UpstreamStore } from './upstream-store.ts';

/** The kills that wait for the link; refusals are summed by reason. */
const maxWaiting = 1000;
const maxReasons = 200;

/** How long a report may take, and how often refusals are reported at most, in milliseconds. */
const [timeoutMs, refusalsMs] = [10_000, 5000];

/**
 * The records of a relay that wait for the link to the upstream server. Kills and their ends are
 * sent first, then the refusals.
 */
export class AuditQueue {
  readonly #relay: string;
  readonly #path: string;
  readonly #client: ServerClient;
  readonly #store: UpstreamStore;
  readonly #unsubscribe: () => void;
  readonly #timer: NodeJS.Timeout;
  #kills: readonly KillRecord[] = [];
  #refusals = new Map<string, RefusalRecord>();
  #isSending = false;

  /** `relay` names this server in the records. */
  constructor(relay: string, environment: string, client: ServerClient, store: UpstreamStore) {
    this.#relay = relay;
    this.#path = `api/v1/environments/${encodeURIComponent(environment)}/audit`;
    this.#client = client;
    this.#store = store;
    this.#unsubscribe = store.onLink(() => void this.#send());
    this.#timer = setInterval(() => void this.#send(), refusalsMs).unref();
  }

  add(record: AuditRecord): void {
    if (record.kind === 'refusals') this.#sum(record);
    else {
      this.#kills = [...this.#kills, record].slice(-maxWaiting);
      void this.#send();
    }
  }

  /** Counts one refused request. */
  refuse(protocol: string, code: string): void {
    const at = new Date().toISOString();
    this.#sum({ kind: 'refusals', at, until: at, protocol, code, count: 1 });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unsubscribe();
  }

  #sum(record: RefusalRecord): void {
    const key = `${record.protocol} ${record.code}`;
    const before = this.#refusals.get(key);
    if (before === undefined && this.#refusals.size >= maxReasons) return;
    const count = (before?.count ?? 0) + record.count;
    this.#refusals.set(key, { ...record, at: before?.at ?? record.at, count });
  }

  async #send(): Promise<void> {
    if (this.#isSending || !this.#store.link.connected) return;
    this.#isSending = true;
    while (this.#kills.length > 0 || this.#refusals.size > 0) {
      const [kills, refusals] = [this.#kills, this.#refusals];
      this.#kills = [];
      this.#refusals = new Map();
      // oxlint-disable-next-line no-await-in-loop -- Kills first, then what came meanwhile.
      const { status, failure } = await this.#post(kills.length > 0 ? kills : [...refusals.values()]);
      if (kills.length > 0) this.#putBack([], refusals);
      if (failure === undefined) continue;
      // A server that refuses the records would refuse them again.
      if (status === undefined || status >= 500)
        this.#putBack(kills, kills.length > 0 ? new Map() : refusals);
      break;
    }
    this.#isSending = false;
  }

  #post(records: readonly AuditRecord[]): ReturnType<ServerClient['post']> {
    const json = JSON.stringify({ relay: this.#relay, records });
    return this.#client.post(this.#path, json, { timeoutMs, keepsAlive: false });
  }

  #putBack(kills: readonly KillRecord[], refusals: ReadonlyMap<string, RefusalRecord>): void {
    this.#kills = [...kills, ...this.#kills].slice(-maxWaiting);
    for (const record of refusals.values()) this.#sum(record);
  }
}
