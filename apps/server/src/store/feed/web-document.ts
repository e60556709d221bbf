import { setTimeout as pause } from 'node:timers/promises';
import { parseDocument } from '../../json/parse-document.ts';
import type { ParsedDocument } from '../../model/document.ts';
import { TimeSlices } from '../../time-slices.ts';
import { readIfThere, StagedFile } from '../disk/staged-file.ts';
import { FeedError, type DocumentFeed } from './document-feed.ts';

/** Which address, and how it is read. */
export interface WebDocumentOptions {
  readonly url: string;
  /** Sent as a bearer token. Default: none. */
  readonly token?: string | undefined;
  /** How often the address is read, in seconds. */
  readonly intervalSeconds: number;
  /** The file of the last document that was accepted. Default: none is kept. */
  readonly copy?: string | undefined;
}

/** A response that takes longer has failed. */
const timeoutMs = 10_000;

/** The largest document, as in a write. */
const maxBytes = 16_777_216;

/**
 * A flags file at an address, read again at an interval and, by its entity tag, transferred only
 * when it has changed. If the address does not respond at the start, the last good copy is served.
 */
export class WebDocument implements DocumentFeed {
  readonly name: string;
  readonly remedy = 'change the file behind the address, or serve a data folder with --data';
  readonly #options: WebDocumentOptions;
  #etag: string | undefined;
  /** The document that was read last, with its entity tag. */
  #read: { readonly bytes: Buffer; readonly etag: string | undefined } | undefined;
  #started = false;
  #fromCopy = false;

  constructor(options: WebDocumentOptions) {
    this.#options = options;
    const { origin, pathname } = new URL(options.url);
    this.name = `${origin}${pathname}`;
  }

  async read(): Promise<ParsedDocument | undefined> {
    try {
      return await this.#fetch();
    } catch (error) {
      if (this.#started) throw error;
      return await this.#readCopy(error as Error);
    }
  }

  async accept(): Promise<void> {
    this.#started = true;
    const { copy } = this.#options;
    const read = this.#read;
    this.#read = undefined;
    if (read === undefined) return;
    this.#etag = read.etag;
    if (copy === undefined) return;
    const file = new StagedFile(copy);
    try {
      await file.stage([read.bytes]);
      await file.apply();
    } catch (error) {
      throw new FeedError(`the copy ${copy} can't be written: ${(error as Error).message}`, { cause: error });
    }
  }

  watch(look: () => void): () => void {
    const ended = new AbortController();
    // The state of the address is not known yet.
    if (this.#fromCopy) look();
    void this.#everyInterval(look, ended.signal);
    return () => ended.abort();
  }

  async #everyInterval(look: () => void, signal: AbortSignal): Promise<void> {
    const seconds = this.#options.intervalSeconds;
    while (!signal.aborted) {
      // Servers that start together do not ask together.
      const delay = seconds * 1000 * (0.9 + 0.2 * Math.random());
      await pause(delay, undefined, { signal, ref: false }).catch(() => {
        // The feed was ended.
      });
      if (!signal.aborted) look();
    }
  }

  async #fetch(): Promise<ParsedDocument | undefined> {
    const { url, token } = this.#options;
    const signal = AbortSignal.timeout(timeoutMs);
    const headers = {
      accept: 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(this.#etag !== undefined && { 'if-none-match': this.#etag }),
    };
    const response = await fetch(url, { headers, signal, redirect: 'manual' }).catch((error: unknown) => {
      throw new FeedError(`${this.name} can't be read: ${reasonOf(error)}`, { cause: error });
    });
    if (response.status === 304 && this.#etag !== undefined) return undefined;
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new FeedError(`${this.name} can't be read: ${remedyFor(response)}`);
    }
    const bytes = await this.#body(response);
    const parsed = await parseDocument(bytes, new TimeSlices());
    if ('problems' in parsed) throw new FeedError(`${this.name} is not a flag document`, parsed);
    this.#read = { bytes, etag: response.headers.get('etag') ?? undefined };
    return parsed;
  }

  async #body(response: Response): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const chunk of response.body ?? []) {
        size += chunk.length;
        if (size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
        chunks.push(chunk);
      }
    } catch (error) {
      throw new FeedError(`${this.name} can't be read: ${reasonOf(error)}`, { cause: error });
    }
    return Buffer.concat(chunks);
  }

  /** The copy that an earlier run has kept, in place of an address that can't be read. */
  async #readCopy(failure: Error): Promise<ParsedDocument> {
    const { copy } = this.#options;
    const bytes = copy === undefined ? undefined : await readIfThere(copy);
    if (bytes === undefined) {
      const remedy =
        copy === undefined
          ? 'keep a copy for this case with --flags-copy FILE'
          : `there is no copy ${copy} yet`;
      const problems = failure instanceof FeedError ? failure.problems : [];
      throw new FeedError(`${failure.message}; ${remedy}`, { cause: failure, problems });
    }
    const parsed = await parseDocument(bytes, new TimeSlices());
    this.#fromCopy = true;
    if (!('problems' in parsed)) return parsed;
    throw new FeedError(`${failure.message}, and the copy ${copy} is not a flag document`, parsed);
  }
}

function remedyFor({ status, headers }: Response): string {
  if (status >= 300 && status < 400 && status !== 304)
    return `it redirects to ${headers.get('location') ?? 'another address'}: use that address`;
  if (status === 401 || status === 403)
    return `it responds with ${status}: give a token with GRAYLANE_FLAGS_TOKEN`;
  return `it responds with ${status}`;
}

function reasonOf(error: unknown): string {
  const { cause, message, name } = error as Error;
  if (name === 'TimeoutError') return `it did not respond within ${timeoutMs / 1000} s`;
  return cause instanceof Error ? cause.message || String(cause) : message;
}
