import {
  createContextKey,
  propagation,
  type Baggage,
  type BaggageEntry,
  type Context,
} from '@opentelemetry/api';
import { baseline } from './baseline.ts';
import { count } from './counters.ts';
import { formatPins, maxPinsLength, parsePins, pinsKey, type Pin } from './pins.ts';
import { W3cBaggage } from './w3c-baggage.ts';

/**
 * The mutable holder of one request's baggage, inside the immutable OTel context: a dye that falls late is seen by everything that
 * looks later. OpenTelemetry sees it as the context's `Baggage`.
 */
export class RequestCell {
  readonly laneKey: string;
  #baggage: W3cBaggage;
  #pins: Map<string, Pin> | undefined;

  constructor(baggage: W3cBaggage = W3cBaggage.empty, laneKey = 'lane') {
    this.laneKey = laneKey;
    this.#baggage = baggage;
  }

  /** The lane of the request; `baseline` where nobody dyed it. */
  get lane(): string {
    return this.#baggage.getEntry(this.laneKey)?.value || baseline;
  }

  get baggage(): W3cBaggage {
    return this.#baggage;
  }

  /** The flag decisions that travel with the request, by flag key. */
  get pins(): ReadonlyMap<string, Pin> {
    return (this.#pins ??= parsePins(this.#baggage.getEntry(pinsKey)?.value ?? ''));
  }

  /** Starts the request over with other baggage: what an ingress policy let in. */
  reset(baggage: W3cBaggage): void {
    this.#baggage = baggage;
    this.#pins = undefined;
  }

  /** Marks the request with a lane, and sets further members, e.g. the targeting key. Baseline is no mark: it removes one. */
  dye(lane: string, members: Iterable<readonly [string, string]> = []): void {
    const others = this.#baggage.removeEntry(this.laneKey).getAllEntries();
    const mark: [string, BaggageEntry][] =
      lane === baseline || lane === '' ? [] : [[this.laneKey, { value: lane }]];
    const added = [...members].map(([key, value]): [string, BaggageEntry] => [key, { value }]);
    this.#baggage = W3cBaggage.fromEntries([...mark, ...others, ...added]);
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
    this.#baggage = this.#baggage.setEntry(pinsKey, { value });
  }
}

const cellKey = createContextKey('graylane request cell');

/** The cell of an OTel context, if a middleware or the propagator has put one there. */
export function getCell(otelContext: Context): RequestCell | undefined {
  return otelContext.getValue(cellKey) as RequestCell | undefined;
}

/** An OTel context in which the cell's request runs. */
export function withCell(otelContext: Context, cell: RequestCell): Context {
  return propagation.setBaggage(otelContext.setValue(cellKey, cell), new CellBaggage(cell));
}

/** What OpenTelemetry sees of a cell: its baggage at the time of looking. What code sets on it is its own, on top. */
class CellBaggage implements Baggage {
  readonly #cell: RequestCell;
  readonly #edit: (baggage: W3cBaggage) => W3cBaggage;

  constructor(cell: RequestCell, edit: (baggage: W3cBaggage) => W3cBaggage = (baggage) => baggage) {
    this.#cell = cell;
    this.#edit = edit;
  }

  get #baggage(): W3cBaggage {
    return this.#edit(this.#cell.baggage);
  }

  getEntry(key: string): BaggageEntry | undefined {
    return this.#baggage.getEntry(key);
  }

  getAllEntries(): [string, BaggageEntry][] {
    return this.#baggage.getAllEntries();
  }

  setEntry(key: string, entry: BaggageEntry): Baggage {
    return this.#edited((baggage) => baggage.setEntry(key, entry));
  }

  removeEntry(key: string): Baggage {
    return this.#edited((baggage) => baggage.removeEntry(key));
  }

  removeEntries(...keys: string[]): Baggage {
    return this.#edited((baggage) => baggage.removeEntries(...keys));
  }

  clear(): Baggage {
    return this.#edited((baggage) => baggage.clear());
  }

  #edited(edit: (baggage: W3cBaggage) => W3cBaggage): Baggage {
    return new CellBaggage(this.#cell, (baggage) => edit(this.#edit(baggage)));
  }
}
