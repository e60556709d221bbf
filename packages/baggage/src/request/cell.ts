import { baggageEntryMetadataFromString } from '@opentelemetry/api';
import { baseline } from '../codec/names.ts';
import { count } from '../counters.ts';
import { sealingMarker, type Marker } from '../lane/mark.ts';
import { readMarkProperties } from '../lane/mark-properties.ts';
import { memberOf, type Member } from '../codec/member.ts';
import { formatPins, maxPinsLength, parsePins, pinsKey, type Pin } from '../lane/pins.ts';
import { nowInSeconds, type Seal } from '../lane/signer.ts';
import { W3cBaggage } from '../codec/lazy-baggage.ts';

/** How long the signature of pins lasts in a request whose lane has no expiry, in seconds. */
const pinsTtlSeconds = 300;

/**
 * The mutable holder of one request's baggage, inside the immutable OTel context: a dye that falls late is seen by everything that
 * looks later. OpenTelemetry sees it as the context's `Baggage`.
 */
export class RequestCell {
  /** Whether a middleware has decided what is in it: then it is that request's, and no other one's. */
  isClaimed = false;
  #laneKey: string;
  #baggage: W3cBaggage;
  #lane: string | undefined;
  #pins: Map<string, Pin> | undefined;
  /** What signs the pins that are added here. */
  #seal: Seal | undefined;
  /** The baggage with its pins signed, once somebody sends it. */
  #sealed: W3cBaggage | undefined;
  #sentUndyed = false;

  constructor(baggage: W3cBaggage = W3cBaggage.empty, laneKey = 'lane') {
    this.#laneKey = laneKey;
    this.#baggage = baggage;
    this.#sealed = baggage;
  }

  /** The key of the member that holds the lane. */
  get laneKey(): string {
    return this.#laneKey;
  }

  /** The lane of the request; `baseline` where nobody dyed it. */
  get lane(): string {
    return (this.#lane ??= this.#baggage.member(this.#laneKey)?.value || baseline);
  }

  get baggage(): W3cBaggage {
    return this.#baggage;
  }

  /** The baggage as it leaves: pins that were added here are signed, if this service has a key. */
  get outgoing(): W3cBaggage {
    return (this.#sealed ??= this.#seal ? sealPins(this.#baggage, this.#laneKey, this.#seal) : this.#baggage);
  }

  /** The flag decisions that travel with the request, by flag key. */
  get pins(): ReadonlyMap<string, Pin> {
    return (this.#pins ??= parsePins(this.#baggage.member(pinsKey)?.value ?? ''));
  }

  /** Starts the request over with other baggage: what an ingress policy let in, signatures and all. */
  reset(
    baggage: W3cBaggage,
    { laneKey = 'lane', seal }: { laneKey?: string; seal?: Seal | undefined } = {},
  ): void {
    this.#laneKey = laneKey;
    this.#baggage = baggage;
    this.#sealed = baggage;
    this.#lane = undefined;
    this.#pins = undefined;
    this.#seal = seal;
  }

  /**
   * Marks the request with a lane, and sets further members, e.g. the targeting key. Baseline is no mark: it removes one. A service
   * that verifies signs what it marks.
   */
  dye(
    lane: string,
    members: Iterable<readonly [string, string]> = [],
    marker: Marker = sealingMarker(this.#seal),
  ): void {
    const mark = marker.mark(this.#laneKey, lane || baseline);
    const others = this.#baggage.removeEntry(this.#laneKey).members.values();
    const added = Array.from(members, ([key, value]) => memberOf(key, { value }));
    this.#seal = marker.seal ?? this.#seal;
    this.#change(W3cBaggage.fromMembers([...(mark ? [mark] : []), ...others, ...added]));
    this.#lane = undefined;
    if (this.#sentUndyed && this.lane !== baseline) count('escaped');
    this.#sentUndyed = false;
  }

  /** Lets every later hop of the request agree on a decision. The first pin of a flag stays; one that exceeds the budget is not carried. */
  pin(flagKey: string, pin: Pin): void {
    if (this.pins.has(flagKey)) return;
    const pins = new Map(this.pins).set(flagKey, pin);
    const value = formatPins(pins);
    if (value.length > maxPinsLength) {
      count('dropped');
      return;
    }
    this.#pins = pins;
    this.#change(this.#baggage.withMember(memberOf(pinsKey, { value })));
  }

  /** Remembers that this request has called somebody who may see its lane, while it had none: a dye that falls now comes too late. */
  sentUndyed(): void {
    this.#sentUndyed = true;
  }

  #change(baggage: W3cBaggage): void {
    this.#baggage = baggage;
    this.#sealed = undefined;
  }
}

function sealPins(baggage: W3cBaggage, laneKey: string, seal: Seal): W3cBaggage {
  const pins = baggage.member(pinsKey);
  if (pins === undefined) return baggage;
  const mark = baggage.member(laneKey);
  const properties = seal.properties(['pins', pins.value, mark?.value || baseline], expiryOf(mark));
  return baggage.withMember(
    memberOf(pinsKey, { value: pins.value, metadata: baggageEntryMetadataFromString(properties) }),
  );
}

/** Pins last as long as the lane that they were decided in. */
function expiryOf(mark: Member | undefined): number {
  const { expiry = '' } = mark ? readMarkProperties(mark) : {};
  return Number.parseInt(expiry, 10) || nowInSeconds() + pinsTtlSeconds;
}
