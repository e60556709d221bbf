import { LazyBaggage } from '../codec/lazy-baggage.ts';
import { memberOf } from '../codec/member.ts';
import { count } from '../counters.ts';
import { isKilledLane } from '../lane/killed.ts';
import { markerWith, type Marker } from '../lane/mark.ts';
import {
  baseline,
  defaultLaneKey,
  isLane,
  laneFault,
  ownKeys,
  pinsKey,
  pinsSealKey,
  sealKeyOf,
} from '../lane/names.ts';
import { formatPins, maxPinsLength, parsePins, type Pin } from '../lane/pins.ts';
import { parseSeal } from '../lane/seal.ts';
import { nowInSeconds, type Signer } from '../lane/signer.ts';
import { report } from '../report.ts';
import type { Decision } from './decision.ts';

/** How long the signature of pins lasts in a request whose lane does not expire, in seconds. */
const pinsTtlSeconds = 300;

/**
 * The mutable holder of one request's baggage, inside the immutable OTel context, so that later
 * reads see a late dye. OpenTelemetry sees it as the context's `Baggage`.
 */
export class RequestCell {
  /**
   * The carrier that the propagator has extracted this cell from, until an adapter admits its
   * baggage by its own policy.
   */
  carrier: unknown;
  /** Whether a middleware has judged the request: then the cell belongs to that request only. */
  isClaimed = false;
  /**
   * Reports baggage that the propagator has stripped. An adapter that judges the request by its own
   * policy removes it.
   */
  refusal: (() => void) | undefined;
  /** The last decision on the lane, for `explainRequest`. */
  decision: Decision | undefined;
  #laneKey: string;
  #baggage: LazyBaggage;
  #lane: string | undefined;
  #pins: Map<string, Pin> | undefined;
  /** Signs the pins that are added here. */
  #signer: Signer | undefined;
  /** The baggage with its pins signed, once it is sent. */
  #sealed: LazyBaggage | undefined;
  #sentUndyed = false;

  constructor(baggage: LazyBaggage = LazyBaggage.empty, laneKey: string = defaultLaneKey) {
    this.#laneKey = laneKey;
    this.#baggage = baggage;
    this.#sealed = baggage;
  }

  /** The key of the member that holds the lane. */
  get laneKey(): string {
    return this.#laneKey;
  }

  /** The lane of the request; `baseline` if it is not dyed. */
  get lane(): string {
    return (this.#lane ??= this.#baggage.member(this.#laneKey)?.value || baseline);
  }

  get baggage(): LazyBaggage {
    return this.#baggage;
  }

  /** The baggage as it leaves: pins that were added here are signed, if this service has a key. */
  get outgoing(): LazyBaggage {
    return (this.#sealed ??= this.#signer ? this.#sealPins(this.#signer) : this.#baggage);
  }

  /** To be called where the baggage decides: if no adapter has judged it, that is reported once. */
  reportRefusal(): void {
    const { refusal } = this;
    if (refusal === undefined) return;
    this.refusal = undefined;
    refusal();
  }

  /** The flag decisions that travel with the request, by flag key. */
  get pins(): ReadonlyMap<string, Pin> {
    return (this.#pins ??= parsePins(this.#baggage.member(pinsKey)?.value ?? ''));
  }

  /**
   * Starts the request over with the baggage that an ingress policy has admitted, signatures
   * included, in this lane.
   */
  reset(baggage: LazyBaggage, lane: string, laneKey: string, signer?: Signer): void {
    this.refusal = undefined;
    this.#laneKey = laneKey;
    this.#baggage = baggage;
    this.#sealed = baggage;
    this.#lane = lane;
    this.#pins = undefined;
    this.#signer = signer;
    this.decision = undefined;
  }

  /**
   * Marks the request with a lane, and sets further members, e.g. the targeting key. Baseline
   * removes the mark, or is signed where marks are. A service that verifies signs its marks. A lane
   * that is killed, or is not a DNS label, is logged once and counted, and becomes baseline.
   */
  dye(
    lane: string,
    members: Iterable<readonly [string, string]> = [],
    marker: Marker = markerWith(this.#signer),
  ): void {
    const known = laneOrBaseline(lane || baseline);
    const mark = marker.mark(this.#laneKey, known);
    const stale = new Set([this.#laneKey, sealKeyOf(this.#laneKey), pinsSealKey]);
    const others = this.#baggage.filter((key) => !stale.has(key)).members.values();
    const reserved = ownKeys(this.#laneKey);
    const added = Array.from(members, ([key, value]) => memberOf(key, { value }));
    this.#signer = marker.signer ?? this.#signer;
    this.#change(
      LazyBaggage.fromMembers([...mark, ...others, ...added.filter(({ key }) => !reserved.includes(key))]),
    );
    this.#lane = known;
    this.decision = { by: 'code', lane: known };
    if (this.#sentUndyed && known !== baseline) {
      report(
        'escaped',
        'late dye',
        () => `a request was dyed with "${known}" after it had called another service: dye it first`,
      );
    }
    this.#sentUndyed = false;
  }

  /**
   * Lets every later hop of the request agree on a decision. The first pin of a flag stays; one
   * that exceeds the budget is not carried.
   */
  pin(flagKey: string, pin: Pin): void {
    if (this.pins.has(flagKey)) return;
    const pins = new Map(this.pins).set(flagKey, pin);
    const value = formatPins(pins);
    if (value.length > maxPinsLength) {
      count('dropped');
      return;
    }
    this.#pins = pins;
    this.#change(this.#baggage.removeEntry(pinsSealKey).withMember(memberOf(pinsKey, { value })));
  }

  /**
   * Remembers that this request has called a service that may see its lane while it had none: a
   * later dye is counted as escaped.
   */
  sentUndyed(): void {
    this.#sentUndyed = true;
  }

  #change(baggage: LazyBaggage): void {
    this.#baggage = baggage;
    this.#sealed = undefined;
  }

  #sealPins(signer: Signer): LazyBaggage {
    const pins = this.#baggage.member(pinsKey);
    if (pins === undefined) return this.#baggage;
    const subject = { laneKey: this.#laneKey, lane: this.lane, pins: pins.value };
    const value = signer.sign(subject, this.#pinsExpiry());
    return this.#baggage.withMember(memberOf(pinsSealKey, { value }));
  }

  /** Pins last as long as the lane that they were decided in. */
  #pinsExpiry(): number {
    const seal = parseSeal(this.#baggage.member(sealKeyOf(this.#laneKey))?.value ?? '');
    return Number(seal?.expiry) || nowInSeconds() + pinsTtlSeconds;
  }
}

function laneOrBaseline(lane: string): string {
  if (isKilledLane(lane)) {
    report('killed', 'dye', () => `a request stays in baseline: the lane "${lane}" is killed`);
    return baseline;
  }
  if (isLane(lane)) return lane;
  report('invalid', 'dye', () => `a request stays in baseline: ${laneFault(lane)}`);
  return baseline;
}
