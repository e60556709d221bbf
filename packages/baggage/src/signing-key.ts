import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';

/** A secret that signs dyes and that verifies them. All who verify can sign: give it to services of yours alone. */
export interface SigningKey {
  /** Travels with the signature and says which key made it, so that two can be active while one takes over from the other. */
  readonly id: string;
  /** At least 32 random bytes, e.g. of `openssl rand -base64 32`; text is taken as UTF-8. */
  readonly secret: string | Uint8Array;
}

const leastBytes = 32;

const mostKnown = 1024;

/** A key that is ready for use. */
export class PreparedKey {
  readonly id: string;
  readonly #secret: KeyObject;
  /** What was signed here lately. All requests of a lane that are marked within one second bear the same signature. */
  readonly #known = new Map<string, string>();

  /** @throws {TypeError} where the key has no id, or its secret is too short to be one. */
  constructor({ id, secret }: SigningKey) {
    if (typeof id !== 'string' || id === '') throw new TypeError('a signing key needs an id, e.g. "2026-11"');
    if (secret === undefined || secret === null) {
      throw new TypeError(`the signing key "${id}" has no secret: is its environment variable set?`);
    }
    const bytes = Buffer.from(secret);
    if (bytes.length < leastBytes) {
      throw new TypeError(
        `the signing key "${id}" has ${bytes.length} bytes: give it at least ${leastBytes} random ones, e.g. of openssl rand -base64 32`,
      );
    }
    this.id = id;
    this.#secret = createSecretKey(bytes);
  }

  /** HMAC-SHA256 over texts, as base64url. JSON keeps them apart: no two lists of texts are signed alike. */
  sign(texts: readonly string[]): string {
    const text = JSON.stringify(texts);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const signature = this.#signatureOf(text);
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(text, signature);
    return signature;
  }

  /** Whether a signature is the one of these texts, in a time that does not tell how much of it is right. */
  verify(texts: readonly string[], signature: string): boolean {
    const one = Buffer.from(this.#signatureOf(JSON.stringify(texts)));
    const other = Buffer.from(signature);
    return one.length === other.length && timingSafeEqual(one, other);
  }

  #signatureOf(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest('base64url');
  }
}
