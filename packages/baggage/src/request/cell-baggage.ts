import type { Baggage, BaggageEntry } from '@opentelemetry/api';
import { GraylaneBaggage } from '../codec/graylane-baggage.ts';
import type { LazyBaggage } from '../codec/lazy-baggage.ts';
import { memberOf } from '../codec/member.ts';
import { baseline } from '../lane/names.ts';
import type { RequestCell } from './cell.ts';

/**
 * The baggage of a cell as OpenTelemetry sees it, at the time of each call. Entries that code sets
 * on it are its own, on top.
 */
export class CellBaggage extends GraylaneBaggage {
  readonly #cell: RequestCell;
  readonly #edit: ((baggage: LazyBaggage) => LazyBaggage) | undefined;

  constructor(cell: RequestCell, edit?: (baggage: LazyBaggage) => LazyBaggage) {
    super();
    this.#cell = cell;
    this.#edit = edit;
  }

  override get current(): LazyBaggage {
    return this.#edit === undefined ? this.#cell.baggage : this.#edit(this.#cell.baggage);
  }

  override get outgoing(): LazyBaggage {
    return this.#edit === undefined ? this.#cell.outgoing : this.#edit(this.#cell.outgoing);
  }

  override getEntry(key: string): BaggageEntry | undefined {
    const { lane, laneKey, baggage } = this.#cell;
    // Of admitted baggage, the cell knows the lane already, and it has no properties.
    const isKnown = key === laneKey && lane !== baseline && baggage.admitted !== undefined;
    return isKnown && this.#edit === undefined ? { value: lane } : super.getEntry(key);
  }

  setEntry(key: string, entry: BaggageEntry): Baggage {
    // Copied now: the caller's object may change before the baggage is read.
    const member = memberOf(key, entry);
    return this.#edited((baggage) => baggage.withMember(member));
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

  #edited(edit: (baggage: LazyBaggage) => LazyBaggage): Baggage {
    const before = this.#edit;
    return new CellBaggage(this.#cell, before === undefined ? edit : (baggage) => edit(before(baggage)));
  }
}
