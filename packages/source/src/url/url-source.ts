import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { EventSourceMessage } from 'eventsource-parser';
import { backoff } from './backoff.ts';
import { checkResponse } from './check-response.ts';
import { EventReader } from './event-reader.ts';
import type { FlagSink, FlagSource } from '../flag-source.ts';
import type { Delta } from '../protocol.ts';
import { reasonOf, Refusal } from './refusal.ts';
import { RevisionReporter, type RevisionListener } from './revision-reporter.ts';
import {
  headerValue,
  readUrlSourceOptions,
  type UrlSourceOptions,
  type UrlTarget,
} from './url-source-options.ts';
import { serverHeader } from '../protocol.ts';
import { Watchdog } from './watchdog.ts';

/** The server sends a heartbeat each second; after this silence the connection counts as lost. */
const silenceMs = 1800;

/** The parts of a source that a relay replaces. */
export interface UrlSourceParts {
  /** Default: one that reports to the server. */
  readonly revisions?: RevisionListener;
  /**
   * Looks at the headers of each response that is a change stream; a thrown error ends the
   * connection, with its message. Default: accepts all.
   */
  readonly checkHeaders?: (headers: IncomingHttpHeaders) => void;
}

/**
 * Follows a flag server's change stream, and reconnects until it is closed. Confirms to the server
 * each revision that is in force.
 */
export class UrlSource implements FlagSource {
  readonly id: string;
  readonly #target: UrlTarget;
  readonly #revisions: RevisionListener;
  readonly #checkHeaders: UrlSourceParts['checkHeaders'];
  #closing = new AbortController();
  /** The revision that the sink has; undefined if it needs a whole document. */
  #revision: string | undefined;
  /** The window in which the server wants its clients to reconnect; it grows with their number. */
  #spreadMs = 0;

  /** @throws {TypeError} if an option is invalid or unknown. */
  constructor(options: UrlSourceOptions, { revisions, checkHeaders }: UrlSourceParts = {}) {
    this.#target = readUrlSourceOptions(options);
    this.#revisions = revisions ?? new RevisionReporter(options);
    this.#checkHeaders = checkHeaders;
    const { origin, pathname } = this.#target.address;
    this.id = `${origin}${pathname}`;
  }

  start(sink: FlagSink): void {
    this.#closing = new AbortController();
    this.#revision = undefined;
    void this.#run(sink, this.#closing.signal);
  }

  close(): void {
    this.#closing.abort();
    this.#revisions.close();
  }

  async #run(sink: FlagSink, signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      let retryAfterMs = 0;
      try {
        await this.#follow(sink, signal, () => (failures = 0));
      } catch (error) {
        if (signal.aborted) return;
        const message = `the flag server at ${this.#target.server} ${reasonOf(error)}`;
        if (error instanceof Refusal) ({ retryAfterMs } = error);
        if (error instanceof Refusal && error.isFinal) sink.refused(message);
        else sink.stale(message);
      }
      await pause(backoff(failures, { retryAfterMs, spreadMs: this.#spreadMs }), signal);
      failures += 1;
    }
  }

  /** Reads one connection until it ends; always throws. */
  async #follow(sink: FlagSink, signal: AbortSignal, onLive: () => void): Promise<never> {
    const request = await this.#request(signal);
    let silent = false;
    const watchdog = new Watchdog(silenceMs, () => {
      silent = true;
      request.destroy();
    });
    try {
      const response = await responseTo(request);
      await checkResponse(response, this.#target.token !== undefined);
      this.#checkHeaders?.(response.headers);
      const takesReports = response.headers[serverHeader] !== undefined;
      const events: EventSourceMessage[] = [];
      const reader = new EventReader(this.#target.maxEventBytes, {
        onRetry: (ms) => (this.#spreadMs = ms),
        onEvent: (event) => events.push(event),
      });
      const takeAll = async (): Promise<void> => {
        for (const event of events.splice(0)) {
          const taken = this.#take(event, sink, signal);
          if (taken !== undefined) {
            // Nothing is read meanwhile, so silence means nothing.
            watchdog.stop();
            await taken;
            watchdog.reset();
          }
          onLive();
          sink.live();
          if (takesReports && this.#revision !== undefined)
            this.#revisions.serving(this.#revision, this.#spreadMs);
        }
      };
      for await (const bytes of response as AsyncIterable<Buffer>) {
        watchdog.reset();
        try {
          reader.feed(bytes);
        } finally {
          // Events before one that is too large count.
          await takeAll();
        }
      }
      throw new Error('ended the stream');
    } catch (error) {
      throw silent && !(error instanceof Refusal) ? new Error('went silent') : error;
    } finally {
      watchdog.stop();
      request.destroy();
    }
  }

  /**
   * Without OpenTelemetry and undici: `fetch` would follow redirects with the token, undo
   * compression before its size is known, and take no certificate authority.
   */
  async #request(signal: AbortSignal): Promise<ClientRequest> {
    const { address, token, ca } = this.#target;
    const headers = {
      accept: 'text/event-stream',
      'accept-encoding': 'identity',
      ...this.#revisions.headers,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(this.#revision === undefined ? {} : { 'last-event-id': this.#revision }),
    };
    const options = { headers, agent: false, signal } as const;
    // Loaded when they are needed: they take half of the time in which this package loads.
    if (address.protocol === 'http:') return (await import('node:http')).request(address, options);
    const { request } = await import('node:https');
    return request(address, ca === undefined ? options : { ...options, ca });
  }

  /**
   * Applies one event; returns a promise if that takes a while. If it fails, the next connection
   * starts with a whole document.
   */
  #take({ event, data }: EventSourceMessage, sink: FlagSink, signal: AbortSignal): Promise<void> | undefined {
    const { revision, ...change } = parse(data);
    if (typeof revision !== 'string' || !headerValue.test(revision)) {
      throw new Error('sent an event without a valid revision');
    }
    if (event !== 'snapshot' && event !== 'delta') return undefined;
    const before = this.#revision;
    this.#revision = undefined;
    if (event === 'delta' && before === undefined) throw new Error('sent a change before any flags');
    if (event === 'delta' && !isObject(change.flags)) throw new Error('sent a change without flags');
    const applied =
      event === 'snapshot' ? sink.update(change.document, revision) : sink.change(change as Delta, revision);
    const finish = (isApplied: boolean): void => {
      // The source was closed meanwhile, and perhaps started again.
      signal.throwIfAborted();
      if (!isApplied) throw new Error("sent flags that can't be read");
      this.#revision = revision;
    };
    if (typeof applied !== 'boolean') return applied.then(finish);
    finish(applied);
    return undefined;
  }
}

/** The data of an event, before it is known to be well-formed. */
interface Message {
  readonly revision?: unknown;
  readonly document?: unknown;
  readonly flags?: unknown;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(data: string): Message {
  let message: unknown;
  try {
    message = JSON.parse(data);
  } catch (error) {
    throw new Error('sent an event that is not JSON', { cause: error });
  }
  if (isObject(message)) return message;
  throw new Error('sent an event that is not a JSON object');
}

/** Resolves early if the source is closed. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
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

async function responseTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', (response) => {
      // The reader of the body gets its errors; later ones do not matter.
      response.on('error', () => {});
      resolve(response);
    });
    request.on('error', reject);
    // After an unexpected protocol upgrade, `close` is the only event.
    request.on('close', () => reject(new Error('closed the connection without a response')));
    request.end();
  });
}
