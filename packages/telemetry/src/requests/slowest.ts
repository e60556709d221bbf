import type { FinishedRequest } from './request-log.ts';

const keptPerLane = 20;
const periodMs = 5 * 60_000;
/** Lanes beyond this number share one list, so that random lanes can't grow the memory. */
const mostLanes = 64;

type ByLane = Map<string, FinishedRequest[]>;

/** The slowest requests of each lane in the last five to ten minutes. */
export class Slowest {
  #current: ByLane = new Map();
  #previous: ByLane = new Map();
  #since = performance.now();

  /** Whether a request that ends `now`, on the clock of `performance.now()`, would be kept. */
  accepts(lane: string, durationMs: number, now: number): boolean {
    this.#rotate(now);
    const list = this.#current.get(this.#nameOf(lane));
    const fastest = list?.length === keptPerLane ? list.at(-1) : undefined;
    return fastest === undefined || durationMs > fastest.durationMs;
  }

  add(request: FinishedRequest): void {
    const lane = this.#nameOf(request.lane);
    const list = this.#current.get(lane) ?? [];
    this.#current.set(lane, list);
    list.push(request);
    list.sort((one, other) => other.durationMs - one.durationMs);
    list.length = Math.min(list.length, keptPerLane);
  }

  toJson(): Record<string, readonly FinishedRequest[]> {
    this.#rotate(performance.now());
    const lanes = new Set([...this.#current.keys(), ...this.#previous.keys()]);
    return Object.fromEntries([...lanes].map((lane) => [lane, this.#of(lane)]));
  }

  #nameOf(lane: string): string {
    return this.#current.has(lane) || this.#current.size < mostLanes ? lane : 'other';
  }

  #of(lane: string): FinishedRequest[] {
    return [...(this.#current.get(lane) ?? []), ...(this.#previous.get(lane) ?? [])]
      .toSorted((one, other) => other.durationMs - one.durationMs)
      .slice(0, keptPerLane);
  }

  #rotate(now: number): void {
    const age = now - this.#since;
    if (age < periodMs) return;
    this.#previous = age < 2 * periodMs ? this.#current : new Map();
    this.#current = new Map();
    this.#since = now;
  }
}
