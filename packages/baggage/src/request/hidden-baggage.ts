import { context, createContextKey, propagation, type Baggage, type Context } from '@opentelemetry/api';
import { W3cBaggage } from '../codec/lazy-baggage.ts';

const insideKey = createContextKey('graylane inside of a client');

/** What an adapter leaves behind for whatever runs inside of it. */
interface Inside {
  /** The OTel context that the adapter was called in; none where nothing at all is to be sent. */
  readonly caller: Context | undefined;
  /** The destinations whose headers are set. */
  readonly told: ReadonlyArray<string | undefined>;
}

/** The OTel context for the inside of a client: instrumentation that injects whatever the context holds finds nothing there. */
export function withoutBaggage(otelContext: Context): Context {
  return inside(otelContext, { caller: undefined, told: [] });
}

/**
 * The same, where the adapter that is left has set the headers for these destinations. Adapters inside of it that send to another one,
 * for a token say, judge by their own policies what the caller's request may tell it.
 */
export function withoutBaggageTo(
  otelContext: Context,
  ...destinations: ReadonlyArray<string | undefined>
): Context {
  return inside(otelContext, { caller: otelContext, told: destinations });
}

/** What is known of the adapter around this OTel context, if it is one's inside: there, a baggage that is missing is not lost. */
export function insideOf(otelContext: Context): Inside | undefined {
  const found = otelContext.getValue(insideKey) as Inside | undefined;
  return found && propagation.getBaggage(otelContext) === undefined ? found : undefined;
}

/** Whether an adapter further out has set the headers for this very destination: to set them here would take them off. */
export function isToldFor(otelContext: Context, destination: string | undefined): boolean {
  return destination !== undefined && insideOf(otelContext)?.told.includes(destination) === true;
}

function inside(otelContext: Context, found: Inside): Context {
  return propagation.deleteBaggage(otelContext).setValue(insideKey, found);
}

/**
 * Runs `fn` in an OTel context whose baggage nobody finds before `fn` returns. What `fn` started finds it again later, so that the
 * listeners of a request are in its lane; for clients that are instrumented at the call itself.
 */
export function hidingBaggage<T>(otelContext: Context, fn: () => T): T {
  const baggage = propagation.getBaggage(otelContext);
  if (baggage === undefined) return context.with(otelContext, fn);
  const hidden = new HiddenBaggage(baggage);
  try {
    return context.with(propagation.setBaggage(otelContext, hidden), fn);
  } finally {
    hidden.show();
  }
}

/** Baggage that is not found before it is shown. */
export class HiddenBaggage implements Baggage {
  readonly #baggage: Baggage;
  #seen: Baggage = W3cBaggage.empty;

  constructor(baggage: Baggage) {
    this.#baggage = baggage;
  }

  /** What is to be found now. */
  get seen(): Baggage {
    return this.#seen;
  }

  show(): void {
    this.#seen = this.#baggage;
  }

  getEntry(key: string): ReturnType<Baggage['getEntry']> {
    return this.#seen.getEntry(key);
  }

  getAllEntries(): ReturnType<Baggage['getAllEntries']> {
    return this.#seen.getAllEntries();
  }

  setEntry(...entry: Parameters<Baggage['setEntry']>): Baggage {
    return this.#seen.setEntry(...entry);
  }

  removeEntry(key: string): Baggage {
    return this.#seen.removeEntry(key);
  }

  removeEntries(...keys: string[]): Baggage {
    return this.#seen.removeEntries(...keys);
  }

  clear(): Baggage {
    return this.#seen.clear();
  }
}
