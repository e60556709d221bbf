import { RequestError } from '../model/request-error.ts';

const retrySpreadS = 10;

/** The bytes that all requests of one kind may hold in memory together. */
export class ByteBudget {
  readonly #limit: number;
  #held = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The share of one request, empty at first. */
  lease(): ByteLease {
    return new ByteLease((bytes) => {
      if (bytes > 0 && this.#held + bytes > this.#limit) return false;
      this.#held += bytes;
      return true;
    });
  }
}

/** The bytes that one request holds. */
export class ByteLease {
  readonly #change: (bytes: number) => boolean;
  #held = 0;

  constructor(change: (bytes: number) => boolean) {
    this.#change = change;
  }

  /** @throws {RequestError} `rate_limited` if all requests together would hold too much. */
  take(bytes: number): void {
    if (this.#change(bytes)) {
      this.#held += bytes;
      return;
    }
    throw new RequestError('rate_limited', 'the server is busy with other exports: send this one later', {
      retryAfterS: 1 + Math.floor(Math.random() * retrySpreadS),
    });
  }

  close(): void {
    this.#change(-this.#held);
    this.#held = 0;
  }
}
