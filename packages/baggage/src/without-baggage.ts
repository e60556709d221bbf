import { context, createContextKey, propagation, type Baggage, type Context } from '@opentelemetry/api';
import { W3cBaggage } from './w3c-baggage.ts';

const insideClient = createContextKey('graylane inside of a client');

/** The OTel context for the inside of a client: instrumentation that injects whatever the context holds finds nothing there. */
export function withoutBaggage(otelContext: Context): Context {
  return propagation.deleteBaggage(otelContext).setValue(insideClient, true);
}

/** The same, where the adapter that is left has set the headers for this destination. */
export function withoutBaggageTo(otelContext: Context, destination: string | undefined): Context {
  return withoutBaggage(otelContext).setValue(insideClient, destination ?? true);
}

/** Whether an adapter has sent what is to be sent, so that a baggage which is not there is not one that got lost. */
export function isInsideClient(otelContext: Context): boolean {
  return (
    otelContext.getValue(insideClient) !== undefined && propagation.getBaggage(otelContext) === undefined
  );
}

/** Whether an adapter further out has set the headers for this very destination: to set them here would take them off. */
export function isToldFor(otelContext: Context, destination: string | undefined): boolean {
  return (
    destination !== undefined &&
    otelContext.getValue(insideClient) === destination &&
    isInsideClient(otelContext)
  );
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
