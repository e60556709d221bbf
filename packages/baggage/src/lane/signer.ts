import { encodeValue } from '../codec/grammar.ts';
import { readMarkProperties, type MarkProperties } from './mark-properties.ts';
import type { Member } from '../codec/member.ts';
import { PreparedKey, type SigningKey } from './signing-key.ts';

/** How the edge signs what it marks, so that services can tell its marks from forged ones. */
export interface SignOptions {
  readonly key: SigningKey;
  /** Whom the mark is for; a name that the verifying services share, e.g. `shop-production`. */
  readonly audience: string;
}

/** How far clocks may be apart: a mark is honoured so many seconds beyond its expiry. */
const skewSeconds = 30;

const mostKnown = 1024;
const longestKnown = 1024;

/** What is signed: the lane, or the pins of a request in that lane. */
export type Sealed = readonly ['lane', lane: string] | readonly ['pins', pins: string, lane: string];

/**
 * Signs members and checks their signatures, for one audience. The signature stands in the properties of the member, so that hops
 * that know nothing of it forward it: `;aud=shop;exp=1790000000;kid=2026-11;sig=…`. It covers the decoded text, which hops may
 * encode in another way.
 */
export class Seal {
  readonly #keys: ReadonlyMap<string, PreparedKey>;
  readonly #signing: PreparedKey;
  readonly #audience: string;
  /** What all signed texts begin with. */
  readonly #head: string;
  /** Members that were found right, and what they say. Requests of a lane that are marked within one second bear the same mark. */
  readonly #known = new Map<string, MarkProperties>();

  /** The first key signs, all verify. @throws {TypeError} where there is no key, a key is no good, or no audience is named. */
  constructor(keys: readonly SigningKey[], audience: string) {
    const prepared = keys.map((key) => new PreparedKey(key));
    const [first] = prepared;
    if (first === undefined) throw new TypeError('verifying and signing need at least one signing key');
    if (typeof audience !== 'string' || audience === '') {
      throw new TypeError(
        'signing keys need an audience: a name that the services share, e.g. "shop-production"',
      );
    }
    this.#keys = new Map(prepared.map((key) => [key.id, key]));
    this.#signing = first;
    this.#audience = audience;
    this.#head = `["graylane","1",${JSON.stringify(audience)}`;
  }

  /** The properties of a signed member. `expiry` is in seconds since 1970. */
  properties(sealed: Sealed, expiry: number): string {
    const signature = this.#signing.sign(this.#textOf(sealed, String(expiry), this.#signing));
    const [audience, id] = [this.#audience, this.#signing.id].map(encodeValue);
    return `aud=${audience};exp=${expiry};kid=${id};sig=${signature}`;
  }

  /**
   * What the properties of a member say, if they hold a signature of ours, for this audience, over what the member says: undefined
   * where they don't. It may have expired.
   */
  vouchedFor(member: Member, sealed: Sealed): MarkProperties | undefined {
    // No text of a member has a line break. Pins are right for one lane only.
    const text = sealed[0] === 'lane' ? (member.text ?? '') : `${member.text}\n${sealed[2]}`;
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const properties = readMarkProperties(member);
    if (!this.#isSigned(sealed, properties)) return undefined;
    this.#keep(text, properties);
    return properties;
  }

  #isSigned(sealed: Sealed, { audience, expiry = '', keyId = '', signature = '' }: MarkProperties): boolean {
    const key = audience === this.#audience ? this.#keys.get(keyId) : undefined;
    return key !== undefined && key.verify(this.#textOf(sealed, expiry, key), signature);
  }

  /** Only what was found right is kept, so that forged marks fill nothing; and nothing long is, which pins may be. */
  #keep(text: string, properties: MarkProperties): void {
    if (text.length > longestKnown) return;
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(text, properties);
  }

  /** A list as JSON writes it: no two lists of texts are signed alike. */
  #textOf(sealed: Sealed, expiry: string, { quotedId }: PreparedKey): string {
    const [what, text, lane] = sealed;
    const last = lane === undefined ? '' : `,${JSON.stringify(lane)}`;
    return `${this.#head},${JSON.stringify(expiry)},${quotedId},"${what}",${JSON.stringify(text)}${last}]`;
  }
}

/** Whether an `exp` has passed; one that is no number of seconds has. */
export function isExpired(expiry: string): boolean {
  return !/^\d{1,12}$/.test(expiry) || Number(expiry) + skewSeconds < nowInSeconds();
}

/** The time of expiries: whole seconds since 1970. */
export function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
