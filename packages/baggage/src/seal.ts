import { encodeValue } from './grammar.ts';
import { propertyOf, type Member } from './member.ts';
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

/** What a check says of a member. */
export type SealVerdict = 'valid' | 'forged' | 'expired';

/**
 * Signs members and checks their signatures, for one audience. The signature stands in the properties of the member, so that hops
 * that know nothing of it forward it: `;aud=shop;exp=1790000000;kid=2026-11;sig=…`. It covers the decoded text, which hops may
 * encode in another way.
 */
export class Seal {
  readonly #keys: ReadonlyMap<string, PreparedKey>;
  readonly #signing: PreparedKey;
  readonly #audience: string;
  /** Marks that were found right, and their expiry. Requests of a lane that are marked within one second bear the same one. */
  readonly #known = new Map<string, string>();

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
  }

  /** The properties of a signed member. `expiry` is in seconds since 1970. */
  properties(sealed: Sealed, expiry: number): string {
    const signature = this.#signing.sign(this.#texts(sealed, String(expiry), this.#signing.id));
    const [audience, id] = [this.#audience, this.#signing.id].map(encodeValue);
    return `aud=${audience};exp=${expiry};kid=${id};sig=${signature}`;
  }

  /** Whether a member bears a signature of ours, for this audience, over what it says; and one that has not expired. */
  check(member: Member, sealed: Sealed, nowSeconds: number): SealVerdict {
    // No text of a member has a line break. Pins are right for one lane only.
    const text = sealed[0] === 'lane' ? (member.text ?? '') : `${member.text}\n${sealed[2]}`;
    const known = this.#known.get(text);
    const expiry = known ?? this.#signedExpiry(member, sealed);
    if (expiry === undefined) return 'forged';
    if (known === undefined) this.#keep(text, expiry);
    return isExpired(expiry, nowSeconds) ? 'expired' : 'valid';
  }

  /** The expiry that the signature of a member covers; undefined where it does not bear one of ours. */
  #signedExpiry(member: Member, sealed: Sealed): string | undefined {
    const keyId = propertyOf(member, 'kid') ?? '';
    const key = this.#keys.get(keyId);
    if (key === undefined || propertyOf(member, 'aud') !== this.#audience) return undefined;
    const expiry = propertyOf(member, 'exp') ?? '';
    const signature = propertyOf(member, 'sig') ?? '';
    return key.verify(this.#texts(sealed, expiry, keyId), signature) ? expiry : undefined;
  }

  /** Only what was found right is kept, so that forged marks fill nothing; and nothing long is, which pins may be. */
  #keep(text: string, expiry: string): void {
    if (text.length > longestKnown) return;
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(text, expiry);
  }

  #texts(sealed: Sealed, expiry: string, keyId: string): string[] {
    return ['graylane', '1', this.#audience, expiry, keyId, ...sealed];
  }
}

/** Whether an `exp` has passed; one that is no number of seconds has. */
export function isExpired(expiry: string, nowSeconds: number): boolean {
  return !/^\d{1,12}$/.test(expiry) || Number(expiry) + skewSeconds < nowSeconds;
}

/** The time of expiries: whole seconds since 1970. */
export function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
