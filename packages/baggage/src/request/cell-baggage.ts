import type { Baggage, BaggageEntry } from '@opentelemetry/api';
import { memberOf } from '../codec/member.ts';
import type { RequestCell } from './cell.ts';
import type { W3cBaggage } from '../codec/lazy-baggage.ts';

/** What OpenTelemetry sees of a cell: its baggage at the time of looking. What code sets on it is its own, on top. */
export class CellBaggage implements Baggage {
  readonly #cell: RequestCell;
  readonly #edit: (baggage: W3cBaggage) => W3cBaggage;

  constructor(cell: RequestCell, edit: (baggage: W3cBaggage) => W3cBaggage = unedited) {
    this.#cell = cell;
    this.#edit = edit;
  }

  /** The baggage as it is now. */
  get current(): W3cBaggage {
    return this.#edit(this.#cell.baggage);
  }

  /** The baggage as it leaves. */
  get outgoing(): W3cBaggage {
    return this.#edit(this.#cell.outgoing);
  }

  getEntry(key: string): BaggageEntry | undefined {
    return this.current.getEntry(key);
  }

  getAllEntries(): [string, BaggageEntry][] {
    return this.current.getAllEntries();
  }

  setEntry(key: string, entry: BaggageEntry): Baggage {
    // Copied now: the caller's object may change before somebody looks.
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

  #edited(edit: (baggage: W3cBaggage) => W3cBaggage): Baggage {
    return new CellBaggage(this.#cell, (baggage) => edit(this.#edit(baggage)));
  }
}

function unedited(baggage: W3cBaggage): W3cBaggage {
  return baggage;
}
