import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { backoff, readRetryAfter } from './backoff.ts';
import { checkOptions } from './check-options.ts';
import type { FlagSink, FlagSource } from './flag-source.ts';
import { applyDelta, type Delta } from './protocol.ts';
import { readDetail } from './read-detail.ts';

/** A flag server, and which of its environments. */
export interface UrlSourceOptions {
  /** The server's HTTP address, e.g. `http://flags:8080`. */
  readonly url: string;
  /** Sent as a bearer token to servers, or proxies before them, that want one. */
  readonly token?: string;
  /** Default: `default`. */
  readonly environment?: string;
}

/** The server promises a sign of life each second; after so long without one it counts as gone. */
const silenceMs = 1800;

/** What a header can carry as one word; fetch throws on much of the rest. */
const headerValue = /^[\x21-\x7e]{1,8000}$/;

/** Follows a flag server's change stream for as long as it takes, and never gives up. */
export class UrlSource implements FlagSource {
  readonly #address: URL;
  readonly #token: string | undefined;
  readonly #closing = new AbortController();
  #document: object = { flags: {} };
  #revision: string | undefined;
  /** Over how long the server wants its clients to come back; it grows with their number. */
  #spreadMs = 0;

  /** @throws {TypeError} where the address is no HTTP URL, or an option is unknown. */
  constructor(options: UrlSourceOptions) {
    checkOptions('source', options, ['url', 'token', 'environment']);
    const { url, token, environment = 'default' } = options;
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new TypeError(
        `source.url is ${JSON.stringify(url)}: give it the flag server's address, e.g. http://flags:8080`,
      );
    }
    const { username, password } = new URL(url);
    if (username !== '' || password !== '') {
      throw new TypeError(
        'source.url has a user or a password, which would end up in logs: use source.token',
      );
    }
    if (token !== undefined && !headerValue.test(token)) {
      throw new TypeError('source.token is empty or has characters that no header can carry');
    }
    const path = `api/v1/environments/${encodeURIComponent(environment)}/stream?heartbeat=1`;
    this.#address = new URL(path, url.endsWith('/') ? url : `${url}/`);
    this.#token = token;
  }

  start(sink: FlagSink): void {
    void this.#run(sink);
  }

  close(): void {
    this.#closing.abort();
  }

  async #run(sink: FlagSink): Promise<void> {
    let failures = 0;
    while (!this.#closing.signal.aborted) {
      let retryAfterMs = 0;
      try {
        await this.#follow(sink, () => (failures = 0));
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        if (error instanceof Refusal) ({ retryAfterMs } = error);
        sink.stale(`the flag server at ${this.#address.origin} ${reasonOf(error)}`);
      }
      await this.#pause(backoff(failures, { retryAfterMs, spreadMs: this.#spreadMs }));
      failures += 1;
    }
  }

  /** Reads one connection until it ends; always throws. */
  async #follow(sink: FlagSink, onLive: () => void): Promise<never> {
    const connection = new AbortController();
    const watchdog = new Watchdog(silenceMs, () => connection.abort(new Error('went silent')));
    const stop = (): void => connection.abort();
    this.#closing.signal.addEventListener('abort', stop);
    try {
      const response = await fetch(this.#address, { headers: this.#headers(), signal: connection.signal });
      if (response.status !== 200 || response.body === null) {
        throw new Refusal(
          response.status,
          await readDetail(response),
          readRetryAfter(response.headers.get('retry-after'), Date.now()),
        );
      }
      const parser = createParser({
        onRetry: (ms) => (this.#spreadMs = ms),
        onEvent: (event) => {
          this.#take(event, sink);
          onLive();
          sink.live();
        },
      });
      const decoder = new TextDecoder();
      for await (const bytes of response.body) {
        watchdog.reset();
        parser.feed(decoder.decode(bytes, { stream: true }));
      }
      throw new Error('ended the stream');
    } finally {
      watchdog.stop();
      this.#closing.signal.removeEventListener('abort', stop);
      // Without this a connection that failed half-way would stay open.
      connection.abort();
    }
  }

  /** Applies one event; what can't be applied costs the connection, and the next one brings everything anew. */
  #take({ event, data }: EventSourceMessage, sink: FlagSink): void {
    const { revision, ...change } = JSON.parse(data) as Message;
    if (typeof revision !== 'string' || !headerValue.test(revision)) {
      throw new Error('sent an event without a revision that can be named again');
    }
    if (event !== 'snapshot' && event !== 'delta') return;
    const before = this.#revision;
    this.#revision = undefined;
    if (event === 'delta' && before === undefined) throw new Error('sent a change of nothing');
    const document = event === 'snapshot' ? change.document : applyDelta(this.#document, change as Delta);
    if (!sink.update(document, revision)) throw new Error("sent flags that can't be read");
    this.#document = document as object;
    this.#revision = revision;
  }

  #headers(): Record<string, string> {
    return {
      accept: 'text/event-stream',
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      ...(this.#revision === undefined ? {} : { 'last-event-id': this.#revision }),
    };
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
    });
  }
}

/** What every event of the stream is, as far as it is well-formed. */
interface Message {
  readonly revision?: unknown;
  readonly document?: unknown;
}

class Refusal extends Error {
  readonly retryAfterMs: number;

  constructor(status: number, detail: string | undefined, retryAfterMs: number) {
    const remedy = { 401: 'set source.token', 403: 'its token may not read this' }[status];
    const words =
      remedy ?? detail ?? (status === 404 ? 'check that source.url is a graylane flag server' : undefined);
    super(words === undefined ? `answered ${status}` : `answered ${status}: ${words}`);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Calls out when nothing has happened for a while. */
class Watchdog {
  readonly #ms: number;
  readonly #onSilence: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, onSilence: () => void) {
    this.#ms = ms;
    this.#onSilence = onSilence;
    this.reset();
  }

  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // A process that was busy for long has not read yet what came meanwhile: let it read first.
      this.#timer = setTimeout(this.#onSilence, 50);
    }, this.#ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return `can't be reached (${'code' in cause ? String(cause.code) : cause.message})`;
}
