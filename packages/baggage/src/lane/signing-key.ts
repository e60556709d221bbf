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
  /** The id as it stands in what is signed. */
  readonly quotedId: string;
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
    this.quotedId = JSON.stringify(id);
    this.#secret = createSecretKey(bytes);
  }

  /** HMAC-SHA256 over a text, as base64url. */
  sign(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const signature = this.#signatureOf(text);
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(text, signature);
    return signature;
  }

  /** Whether a signature is the one of this text, in a time that does not tell how much of it is right. */
  verify(text: string, signature: string): boolean {
    return areSame(signature, this.#signatureOf(text));
  }

  #signatureOf(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest('base64url');
  }
}

/** Of SHA-256 as base64url. */
const signatureLength = 43;
const encoder = new TextEncoder();
const offeredBytes = new Uint8Array(signatureLength);
const rightBytes = new Uint8Array(signatureLength);

/** Takes the same time for all texts that are as long as a signature. */
function areSame(offered: string, right: string): boolean {
  return (
    isLaidOut(offered, offeredBytes) &&
    isLaidOut(right, rightBytes) &&
    timingSafeEqual(offeredBytes, rightBytes)
  );
}

/** False where a text is no signature: it does not fill the bytes. */
function isLaidOut(text: string, bytes: Uint8Array): boolean {
  return text.length === signatureLength && encoder.encodeInto(text, bytes).written === signatureLength;
}
