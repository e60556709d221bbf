import { parseSeal, escapeField, formatSeal, type Seal } from './seal.ts';
import { PreparedKey, type SigningKey } from './signing-key.ts';

/** How the edge signs its marks, so that services can distinguish them from forged ones. */
export interface SignOptions {
  readonly key: SigningKey;
  /** The audience of the mark: a name that the verifying services share, e.g. `shop-production`. */
  readonly audience: string;
}

/** How far clocks may be apart: a mark is honoured so many seconds beyond its expiry. */
const skewSeconds = 30;

const mostKnown = 1024;
const longestKnown = 1024;

/**
 * The subject that a signature covers, beside audience, expiry and key id: the lane and its key, or
 * the pins of a request in that lane.
 */
export interface Subject {
  readonly laneKey: string;
  readonly lane: string;
  /** The value of the pins; undefined for the seal of the lane itself. */
  readonly pins?: string | undefined;
}

/**
 * Signs marks and pins and verifies them, for one audience. The signature stands in the member
 * `<key>-seal`, in characters that no propagator encodes, so that services without graylane forward
 * it. docs/mark-format.md specifies the signed bytes.
 */
export class Signer {
  readonly #keys: ReadonlyMap<string, PreparedKey>;
  readonly #signing: PreparedKey;
  readonly #audience: string;
  readonly #escapedAudience: string;
  /**
   * Valid seals, by their values. Requests of a lane that are marked within one second bear the
   * same mark.
   */
  readonly #known = new Map<string, { readonly subject: Subject; readonly seal: Seal }>();

  /**
   * The first key signs, all verify.
   * @throws {TypeError} if there is no key, a key can't be used, two have one id, or the audience
   *   is missing.
   */
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
    if (this.#keys.size < prepared.length) {
      const ids = prepared.map(({ id }) => JSON.stringify(id)).join(', ');
      throw new TypeError(`signing keys need different ids, got ${ids}: a mark names its key by the id`);
    }
    this.#signing = first;
    this.#audience = audience;
    this.#escapedAudience = escapeField(audience);
  }

  /** The value of a seal that has passed no service yet. `expiry` is in seconds since 1970. */
  sign(subject: Subject, expiry: number): string {
    const { id } = this.#signing;
    const signature = this.#signing.sign(this.#inputOf(subject, String(expiry), this.#signing));
    return formatSeal({
      hops: 0,
      expiry: String(expiry),
      signed: { keyId: id, audience: this.#audience, signature },
    });
  }

  /**
   * The seal, if this value holds a signature of ours, for this audience, over this subject; else
   * undefined. It may have expired.
   */
  verify(value: string, subject: Subject): Seal | undefined {
    const known = this.#known.get(value);
    if (known !== undefined && areSame(known.subject, subject)) return known.seal;
    const seal = parseSeal(value);
    if (seal?.signed === undefined || !this.#isSigned(seal.signed, seal.expiry, subject)) return undefined;
    this.#keep(value, subject, seal);
    return seal;
  }

  #isSigned(
    { keyId, audience, signature }: NonNullable<Seal['signed']>,
    expiry: string,
    subject: Subject,
  ): boolean {
    const key = audience === this.#audience && expiry !== '' ? this.#keys.get(keyId) : undefined;
    return key !== undefined && key.verify(this.#inputOf(subject, expiry, key), signature);
  }

  /**
   * Only valid seals are kept, so that forged ones take no memory, and only short ones: pins may be
   * long.
   */
  #keep(value: string, subject: Subject, seal: Seal): void {
    if (value.length + (subject.pins?.length ?? 0) > longestKnown) return;
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(value, { subject, seal });
  }

  /** Fields hold no dot, and pins come last, so no two subjects have one input. */
  #inputOf({ laneKey, lane, pins }: Subject, expiry: string, { escapedId }: PreparedKey): string {
    const kind = pins === undefined ? 'lane' : 'pins';
    const common = `graylane.1.${kind}.${this.#escapedAudience}.${expiry}.${escapedId}.${escapeField(laneKey)}.${escapeField(lane)}`;
    return pins === undefined ? common : `${common}.${pins}`;
  }
}

function areSame(one: Subject, other: Subject): boolean {
  return one.lane === other.lane && one.laneKey === other.laneKey && one.pins === other.pins;
}

/** Whether an expiry has passed, in seconds since 1970. */
export function isExpired(expiry: string): boolean {
  return Number(expiry) + skewSeconds < nowInSeconds();
}

/** The time of expiries: whole seconds since 1970. */
export function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
