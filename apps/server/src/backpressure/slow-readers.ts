import type { ServerResponse } from 'node:http';
import { constants, type Http2ServerResponse } from 'node:http2';
import { Backlog, type Holder } from './backlog.ts';

/** A response of any port. */
export type AnyResponse = ServerResponse | Http2ServerResponse;

/** How slow a reader may be. */
export interface SlowReadersOptions {
  /** After this time without progress, a response counts against the backlog. Default: 1 s. */
  readonly slowMs?: number;
  /** After this time without progress, a response is cut off. Default: 30 s. */
  readonly stalledMs?: number;
}

/** Responses whose client does not read: bounded in time one by one, and in bytes all together. */
export class SlowReaders {
  readonly #waiting = new Set<SlowReader>();
  readonly #backlog = new Backlog();
  readonly #timer: NodeJS.Timeout;
  readonly #options: Required<SlowReadersOptions>;

  constructor({ slowMs = 1000, stalledMs = 30_000 }: SlowReadersOptions = {}) {
    this.#options = { slowMs, stalledMs };
    // One timer for all responses.
    this.#timer = setInterval(() => this.#sweep(), slowMs);
    this.#timer.unref();
  }

  /**
   * Resolves when the client has read what was written, or when the response is closed. A response
   * that waits for too long is cut off.
   * @param chunk the bytes that the response keeps in memory in the meantime.
   */
  async drained(response: AnyResponse, chunk: Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => this.#wait(new SlowReader(response, chunk), 'drain', resolve));
  }

  /** Counts a response of which everything is written, until the client has read it. */
  watch(response: ServerResponse, body: string): void {
    // The system takes all of most responses at once.
    if (response.writableFinished || response.socket?.writableLength === 0) return;
    this.#wait(new SlowReader(response, Buffer.from(body)), 'finish');
  }

  #wait(reader: SlowReader, event: 'drain' | 'finish', then?: () => void): void {
    const { response, chunk } = reader;
    this.#waiting.add(reader);
    const done = (): void => {
      response.off(event, done);
      response.off('close', done);
      this.#waiting.delete(reader);
      this.#backlog.release(chunk, reader);
      then?.();
    };
    response.on(event, done);
    response.on('close', done);
  }

  /** The bytes that wait for slow clients. */
  get backlogBytes(): number {
    return this.#backlog.bytes;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sweep(): void {
    const now = performance.now();
    for (const reader of this.#waiting) {
      const age = now - reader.since;
      // After a response has ended, the port checks whether it makes progress.
      if (age >= this.#options.stalledMs && !reader.response.writableEnded) reader.cutOff();
      else if (age >= this.#options.slowMs) this.#backlog.hold(reader.chunk, reader);
    }
  }
}

class SlowReader implements Holder {
  readonly since = performance.now();
  readonly chunk: Uint8Array;
  readonly response: AnyResponse;

  constructor(response: AnyResponse, chunk: Uint8Array) {
    this.response = response;
    this.chunk = chunk;
  }

  cutOff(): void {
    cutOff(this.response);
  }
}

/** Ends a response at once, and gives back the memory of its unread bytes. */
export function cutOff(response: AnyResponse): void {
  if ('stream' in response) response.stream?.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  else response.destroy();
}
