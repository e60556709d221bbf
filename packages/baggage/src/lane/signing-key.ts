import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { escapeField } from './seal.ts';

/**
 * A secret that signs marks and verifies them. A service that can verify can also sign: give it to
 * your own services only.
 */
export interface SigningKey {
  /**
   * Travels with the signature and names the key that made it, so that two keys can be active while
   * one replaces the other.
   */
  readonly id: string;
  /** At least 32 random bytes, e.g. of `openssl rand -base64 32`; a string is taken as UTF-8. */
  readonly secret: string | Uint8Array;
}

const leastBytes = 32;

const mostKnown = 1024;

/** A key that is ready for use. */
export class PreparedKey {
  readonly id: string;
  /** The id as it stands in seals and in what is signed. */
  readonly escapedId: string;
  readonly #secret: KeyObject;
  /**
   * Recent signatures by what they sign. All requests of a lane that are marked within one second
   * bear the same one.
   */
  readonly #known = new Map<string, string>();

  /** @throws {TypeError} if the key has no id, or its secret is too short. */
  constructor({ id, secret }: SigningKey) {
    if (typeof id !== 'string' || id === '') throw new TypeError('a signing key needs an id, e.g. "2026-11"');
    if (secret === undefined || secret === null) {
      throw new TypeError(`the signing key "${id}" has no secret: is its environment variable set?`);
    }
    const bytes = Buffer.from(secret);
    if (bytes.length < leastBytes) {
      throw new TypeError(
        `the signing key "${id}" has ${bytes.length} bytes: use at least ${leastBytes} random bytes, e.g. from openssl rand -base64 32`,
      );
    }
    this.id = id;
    this.escapedId = escapeField(id);
    this.#secret = createSecretKey(bytes);
  }

  /** HMAC-SHA256 over a string, as base64url. */
  sign(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const signature = this.#signatureOf(text);
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(text, signature);
    return signature;
  }

  /**
   * Whether a signature is the one of this string, in a time that does not depend on how much of it
   * is right.
   */
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

/** Takes the same time for all strings that are as long as a signature. */
function areSame(offered: string, right: string): boolean {
  return (
    isLaidOut(offered, offeredBytes) &&
    isLaidOut(right, rightBytes) &&
    timingSafeEqual(offeredBytes, rightBytes)
  );
}

/** False if a string can't be a signature: it does not fill the bytes. */
function isLaidOut(text: string, bytes: Uint8Array): boolean {
  return text.length === signatureLength && encoder.encodeInto(text, bytes).written === signatureLength;
}
