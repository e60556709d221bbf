import { createParser, type EventSourceMessage } from 'eventsource-parser';

/** Receives the events of a stream. */
export interface EventListener {
  readonly onEvent: (event: EventSourceMessage) => void;
  /** The server's `retry:`, in milliseconds. */
  readonly onRetry: (ms: number) => void;
}

const lineFeed = 10;
const carriageReturn = 13;
const initialBytes = 65_536;

/** A flag server sends four lines. Each further line would cost many times its bytes in memory. */
const maxLines = 100;

/**
 * Reads server-sent events (HTML standard, section 9.2) with a bound on one event. An unfinished
 * event is held as bytes outside of the heap, and parsed when its blank line has arrived.
 */
export class EventReader {
  readonly #maxBytes: number;
  readonly #parser: { feed(text: string): void };
  #buffer = Buffer.allocUnsafe(initialBytes);
  #length = 0;
  #lineStart = 0;
  #lines = 0;

  constructor(maxBytes: number, listener: EventListener) {
    this.#maxBytes = maxBytes;
    this.#parser = createParser({ onEvent: listener.onEvent, onRetry: listener.onRetry });
  }

  /** @throws {Error} if an event is too large. Feed nothing more then. */
  feed(bytes: Uint8Array): void {
    let searched = this.#length;
    this.#append(bytes);
    let eventStart = 0;
    for (;;) {
      const lineEnd = this.#buffer.subarray(0, this.#length).indexOf(lineFeed, searched);
      if (lineEnd < 0) break;
      searched = lineEnd + 1;
      this.#lines += 1;
      if (this.#isBlank(lineEnd)) {
        this.#checkSize(searched - eventStart);
        this.#parser.feed(this.#buffer.toString('utf8', eventStart, searched));
        eventStart = searched;
        this.#lines = 0;
      } else if (this.#lines > maxLines) throw new Error(`sent an event of more than ${maxLines} lines`);
      this.#lineStart = searched;
    }
    this.#drop(eventStart);
    this.#checkSize(this.#length);
  }

  #checkSize(bytes: number): void {
    if (bytes <= this.#maxBytes) return;
    throw new Error(
      `sent an event of more than ${this.#maxBytes} bytes: raise source.maxEventBytes if its flags are that large`,
    );
  }

  #isBlank(lineEnd: number): boolean {
    const length = lineEnd - this.#lineStart;
    return length === 0 || (length === 1 && this.#buffer[this.#lineStart] === carriageReturn);
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) {
      const doubled = Math.min(2 * this.#buffer.length, this.#maxBytes + bytes.length);
      const larger = Buffer.allocUnsafe(Math.max(needed, doubled));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = needed;
  }

  /** Drops the events that were parsed, and the memory of a large one. */
  #drop(count: number): void {
    if (count === 0) return;
    const rest = this.#buffer.subarray(count, this.#length);
    if (this.#buffer.length > initialBytes) {
      this.#buffer = Buffer.allocUnsafe(Math.max(initialBytes, rest.length));
    }
    this.#buffer.set(rest, 0);
    this.#length -= count;
    this.#lineStart -= count;
  }
}
