import { sumOf, type Durations } from './durations.ts';

/** Requests and messages that were served. */
export interface Calls {
  readonly requests: number;
  readonly errors: number;
  /** Those of the buckets that most requests were recorded in; undefined if there are none. */
  readonly durations: Durations | undefined;
}

/** How long calls count, and the length of one slot of this time. */
export const windowMs = 300_000;
const slotMs = 10_000;

/** The bucket layouts of which the durations of one slot are kept apart. */
const maxLayouts = 4;

/** The calls of one lane and service in the last five minutes, by the time of their report. */
export class CallWindow {
  readonly #slots: Slot[] = [];
  #last = 0;

  /** When the newest report with calls came, in milliseconds since 1970. */
  get last(): number {
    return this.#last;
  }

  add(requests: number, isFailed: boolean, durations: Durations | undefined, at: number): void {
    this.#last = at;
    const start = at - (at % slotMs);
    let slot = this.#slots.at(-1);
    if (slot?.start !== start) {
      slot = { start, requests: 0, errors: 0, layouts: new Map() };
      this.#slots.push(slot);
      this.#forget(at);
    }
    slot.requests += requests;
    if (isFailed) slot.errors += requests;
    if (durations !== undefined) addTo(slot.layouts, durations);
  }

  /** The calls of the last five minutes. */
  calls(now: number): Calls {
    this.#forget(now);
    let [requests, errors] = [0, 0];
    const layouts = new Map<string, Durations>();
    for (const slot of this.#slots) {
      requests += slot.requests;
      errors += slot.errors;
      for (const durations of slot.layouts.values()) addTo(layouts, durations);
    }
    return { requests, errors, durations: largest(layouts.values()) };
  }

  #forget(now: number): void {
    while (this.#slots[0] !== undefined && this.#slots[0].start <= now - windowMs) this.#slots.shift();
  }
}

/** All calls together. */
export function totalOf(all: Iterable<Calls>): Calls {
  let [requests, errors] = [0, 0];
  const layouts = new Map<string, Durations>();
  for (const calls of all) {
    requests += calls.requests;
    errors += calls.errors;
    if (calls.durations !== undefined) addTo(layouts, calls.durations);
  }
  return { requests, errors, durations: largest(layouts.values()) };
}

interface Slot {
  readonly start: number;
  requests: number;
  errors: number;
  readonly layouts: Map<string, Durations>;
}

function addTo(layouts: Map<string, Durations>, durations: Durations): void {
  const key = durations.bounds.join();
  const known = layouts.get(key);
  if (known !== undefined) layouts.set(key, sumOf(known, durations));
  else if (layouts.size < maxLayouts) layouts.set(key, durations);
}

function largest(layouts: Iterable<Durations>): Durations | undefined {
  let found: Durations | undefined;
  let most = 0;
  for (const durations of layouts) {
    const count = durations.counts.reduce((sum, one) => sum + one, 0);
    if (count > most) [found, most] = [durations, count];
  }
  return found;
}
