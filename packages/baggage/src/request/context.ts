import { AsyncLocalStorage } from 'node:async_hooks';
import { createContextKey, propagation, type Context } from '@opentelemetry/api';
import { CellBaggage } from './cell-baggage.ts';
import type { RequestCell } from './cell.ts';

const cellKey = createContextKey('graylane request cell');
/**
 * The API's key for baggage, which it does not export: read from the argument of its `getValue`
 * call.
 */
const baggageKey = keyReadBy((probe) => propagation.getBaggage(probe));

/** The cell of an OTel context, if a middleware, an adapter or the propagator has put one there. */
export function getCell(otelContext: Context): RequestCell | undefined {
  return (otelContext.getValue(cellKey) as RequestCell | undefined) ?? extractedAgain(otelContext);
}

/** The cells of carriers that an adapter has cleaned: they hold only admitted baggage. */
export const admittedCarriers: WeakMap<object, RequestCell> = new WeakMap();

const calls = new AsyncLocalStorage<RequestCell>();

/**
 * Runs a function whose OTel context instrumentation may replace by one that it extracts from the
 * cleaned carrier.
 */
export function runExtractedAgain<T>(cell: RequestCell, fn: () => T): T {
  return calls.run(cell, fn);
}

/**
 * The cell whose admitted baggage a foreign propagator has extracted again: only if the lane is the
 * same.
 */
function extractedAgain(otelContext: Context): RequestCell | undefined {
  const cell = calls.getStore();
  if (cell === undefined) return undefined;
  const lane = propagation.getBaggage(otelContext)?.getEntry(cell.laneKey)?.value;
  return lane !== undefined && lane === cell.lane ? cell : undefined;
}

/** An OTel context in which the cell's request runs. */
export function withCell(otelContext: Context, cell: RequestCell): Context {
  const outer = otelContext instanceof RequestContext ? otelContext.outer : otelContext;
  return new RequestContext(outer, cell, new CellBaggage(cell));
}

/**
 * Another OTel context with a cell and its baggage in front: OpenTelemetry's own would copy all of
 * its values for each of the two, and that is most of what an extract costs.
 */
class RequestContext implements Context {
  readonly outer: Context;
  readonly #cell: RequestCell;
  readonly #baggage: unknown;

  constructor(outer: Context, cell: RequestCell, baggage: unknown) {
    this.outer = outer;
    this.#cell = cell;
    this.#baggage = baggage;
  }

  getValue(key: symbol): unknown {
    if (key === cellKey) return this.#cell;
    return key === baggageKey ? this.#baggage : this.outer.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    if (key === cellKey) return this.#plain().setValue(key, value);
    if (key === baggageKey) return new RequestContext(this.outer, this.#cell, value);
    return new RequestContext(this.outer.setValue(key, value), this.#cell, this.#baggage);
  }

  deleteValue(key: symbol): Context {
    if (key === cellKey) return this.#plain().deleteValue(key);
    if (key === baggageKey) return new RequestContext(this.outer, this.#cell, undefined);
    return new RequestContext(this.outer.deleteValue(key), this.#cell, this.#baggage);
  }

  #plain(): Context {
    return this.outer.setValue(cellKey, this.#cell).setValue(baggageKey, this.#baggage);
  }
}

/** The key under which a function of OpenTelemetry's API looks in a context. */
function keyReadBy(read: (probe: Context) => unknown): symbol {
  const keys: symbol[] = [];
  const probe: Context = {
    getValue: (key) => void keys.push(key),
    setValue: () => probe,
    deleteValue: () => probe,
  };
  read(probe);
  return keys[0] ?? Symbol('no key');
}
