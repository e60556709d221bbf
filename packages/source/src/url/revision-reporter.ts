import { instanceId, serviceName } from '../identity.ts';
import { backoff } from './backoff.ts';
import { openServerClient, type ServerClient } from './server-client.ts';
import type { UrlSourceOptions } from './url-source-options.ts';

/** Confirms to the flag server which revision a client serves. */
export interface RevisionListener {
  /** The headers in which the client names itself on the change stream. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * A revision is in force, or was when the client connected. `spreadMs` is the window in which the
   * server wants its clients to reconnect, and grows with their number.
   */
  serving(revision: string, spreadMs: number): void;
  close(): void;
}

/** How long a report may take, and how often it is sent anew, in milliseconds and times. */
const [timeoutMs, maxAttempts] = [5000, 4];

/**
 * The clients of a server spread their reports over a part of the window in which they would
 * reconnect: 250 ms for 1,000 clients, and never more than a second, because a kill waits for them.
 */
const [spreadDivisor, maxJitterMs] = [8, 1000];

let opened = 0;

/**
 * Reports each revision that is in force, coalesced: one report at a time, and only of the newest
 * revision. A server that refuses reports gets none until the next connection.
 */
export class RevisionReporter implements RevisionListener {
  readonly headers: Readonly<Record<string, string>>;
  readonly #client: ServerClient;
  readonly #path: string;
  readonly #name = { service: serviceName(), instance: nextInstance() };
  #wanted: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isSending = false;
  #closing = new AbortController();

  /** @throws {TypeError} if an option is invalid or unknown. */
  constructor(options: UrlSourceOptions) {
    const { service, instance } = this.#name;
    this.#client = openServerClient(options) as ServerClient;
    this.#path = `api/v1/environments/${encodeURIComponent(options.environment ?? 'default')}/clients`;
    this.headers = { 'graylane-service': encodeURIComponent(service), 'graylane-instance': instance };
  }

  serving(revision: string, spreadMs: number): void {
    if (this.#closing.signal.aborted) this.#closing = new AbortController();
    this.#wanted = revision;
    this.#schedule(Math.round(Math.random() * Math.min(maxJitterMs, spreadMs / spreadDivisor)));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wanted = undefined;
    this.#closing.abort();
  }

  #schedule(ms: number, attempt = 0): void {
    if (this.#timer !== undefined || this.#isSending) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#send(attempt);
    }, ms);
    this.#timer.unref();
  }

  async #send(attempt: number): Promise<void> {
    const revision = this.#wanted;
    if (revision === undefined) return;
    const { signal } = this.#closing;
    this.#isSending = true;
    const json = JSON.stringify({ ...this.#name, revision });
    const result = await this.#client.post(this.#path, json, { timeoutMs, keepsAlive: false, signal });
    this.#isSending = false;
    if (signal.aborted) return;
    const { status = 503, failure, retryAfterMs } = result;
    const isDone = failure === undefined || (status >= 400 && status < 500) || attempt === maxAttempts;
    if (this.#wanted !== revision) this.#schedule(0);
    else if (isDone) this.#wanted = undefined;
    else this.#schedule(backoff(attempt, { retryAfterMs }), attempt + 1);
  }
}

/** Each source of a process is a client of its own. */
function nextInstance(): string {
  opened += 1;
  return opened === 1 ? instanceId : `${instanceId}.${opened}`;
}
