import { baseline } from './baseline.ts';
import { count } from './counters.ts';
import { memberOf } from './member.ts';
import { formatPins, maxPinsLength, parsePins, pinsKey, type Pin } from './pins.ts';
import { W3cBaggage } from './w3c-baggage.ts';

/**
 * The mutable holder of one request's baggage, inside the immutable OTel context: a dye that falls late is seen by everything that
 * looks later. OpenTelemetry sees it as the context's `Baggage`.
 */
export class RequestCell {
  readonly laneKey: string;
  #baggage: W3cBaggage;
  #lane: string | undefined;
  #pins: Map<string, Pin> | undefined;

  constructor(baggage: W3cBaggage = W3cBaggage.empty, laneKey = 'lane') {
    this.laneKey = laneKey;
    this.#baggage = baggage;
  }

  /** The lane of the request; `baseline` where nobody dyed it. */
  get lane(): string {
    return (this.#lane ??= this.#baggage.member(this.laneKey)?.value || baseline);
  }

  get baggage(): W3cBaggage {
    return this.#baggage;
  }

  /** The flag decisions that travel with the request, by flag key. */
  get pins(): ReadonlyMap<string, Pin> {
    return (this.#pins ??= parsePins(this.#baggage.member(pinsKey)?.value ?? ''));
  }

  /** Starts the request over with other baggage: what an ingress policy let in. */
  reset(baggage: W3cBaggage): void {
    this.#baggage = baggage;
    this.#lane = undefined;
    this.#pins = undefined;
  }

  /** Marks the request with a lane, and sets further members, e.g. the targeting key. Baseline is no mark: it removes one. */
  dye(lane: string, members: Iterable<readonly [string, string]> = []): void {
    const mark = lane === baseline || lane === '' ? [] : [memberOf(this.laneKey, { value: lane })];
    const others = this.#baggage.removeEntry(this.laneKey).members.values();
    const added = Array.from(members, ([key, value]) => memberOf(key, { value }));
    this.#baggage = W3cBaggage.fromMembers([...mark, ...others, ...added]);
    this.#lane = undefined;
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
    this.#baggage = this.#baggage.withMember(memberOf(pinsKey, { value }));
  }
}
