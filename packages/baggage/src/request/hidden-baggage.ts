import { context, createContextKey, propagation, type Baggage, type Context } from '@opentelemetry/api';
import { GraylaneBaggage } from '../codec/graylane-baggage.ts';
import { LazyBaggage } from '../codec/lazy-baggage.ts';

const insideKey = createContextKey('graylane inside of a client');

/** The state that an adapter leaves for the code that runs inside of it. */
interface Inside {
  /** The OTel context that the adapter was called in; undefined if nothing at all is to be sent. */
  readonly caller: Context | undefined;
  /** The destinations whose headers are set. */
  readonly destinations: ReadonlyArray<string | undefined>;
}

/**
 * The OTel context for the inside of a client: instrumentation, which injects all baggage of the
 * context, finds none there.
 */
export function withoutBaggage(otelContext: Context): Context {
  return inside(otelContext, { caller: undefined, destinations: [] });
}

/**
 * The same for an adapter that has set the headers for these destinations. Adapters inside of it
 * that send to another destination, e.g. for a token, apply their own policies to the caller's
 * request.
 */
export function withoutBaggageTo(
  otelContext: Context,
  ...destinations: ReadonlyArray<string | undefined>
): Context {
  return inside(otelContext, { caller: otelContext, destinations });
}

/**
 * The state of the adapter around this OTel context, if there is one: inside of an adapter, missing
 * baggage is not lost.
 */
export function insideOf(otelContext: Context): Inside | undefined {
  const found = otelContext.getValue(insideKey) as Inside | undefined;
  return found && propagation.getBaggage(otelContext) === undefined ? found : undefined;
}

/**
 * Whether an adapter further out has set the headers for this destination: setting them here would
 * remove them.
 */
export function hasHeadersSet(otelContext: Context, destination: string | undefined): boolean {
  return destination !== undefined && insideOf(otelContext)?.destinations.includes(destination) === true;
}

function inside(otelContext: Context, found: Inside): Context {
  return propagation.deleteBaggage(otelContext).setValue(insideKey, found);
}

/**
 * Runs `fn` in an OTel context whose baggage is hidden until `fn` returns. Code that `fn` started
 * finds it again later, so that the listeners of a request are in its lane; for clients that are
 * instrumented at the call itself.
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

/** Baggage that is empty until it is shown. */
class HiddenBaggage extends GraylaneBaggage {
  readonly #baggage: GraylaneBaggage;
  #seen: GraylaneBaggage = LazyBaggage.empty;
  #isHidden = true;

  constructor(baggage: Baggage) {
    super();
    this.#baggage = baggage instanceof GraylaneBaggage ? baggage : LazyBaggage.of(baggage);
  }

  override get current(): LazyBaggage {
    return this.#seen.current;
  }

  override get outgoing(): LazyBaggage {
    return this.#seen.outgoing;
  }

  override get isHidden(): boolean {
    return this.#isHidden;
  }

  show(): void {
    this.#isHidden = false;
    this.#seen = this.#baggage;
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
