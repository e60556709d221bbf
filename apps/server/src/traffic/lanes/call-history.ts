import { totalOf, type Calls } from './calls.ts';
import type { Durations } from './durations.ts';

/** The length of one slot, how long slots are kept, and the most of them. */
const slotMs = 30_000;
const keptMs = 86_400_000;
const maxSlots = 4000;

/** The lanes of a slot, and the buckets of its durations; further ones are not kept. */
const [maxLanes, maxBuckets] = [12, 100];

/** Calls whose reports came in some seconds. */
interface Slot {
  readonly start: number;
  readonly lanes: Map<string, Calls>;
}

/**
 * The calls of one environment by lane in the last 24 hours, by the time of their report. A slot
 * ends at each change of the flags, so that the calls before and after it are apart.
 */
export class CallHistory {
  /** When the history begins, in ms since 1970. */
  readonly since: number;
  readonly #slots: Slot[] = [];
  #isCut = false;

  constructor(since: number) {
    this.since = since;
  }

  add(lane: string, calls: Calls, at: number): void {
    let slot = this.#slots.at(-1);
    if (slot === undefined || this.#isCut || at >= slot.start + slotMs) {
      slot = { start: at, lanes: new Map() };
      this.#slots.push(slot);
      this.#isCut = false;
      this.#forget(at);
    }
    const known = slot.lanes.get(lane);
    if (known === undefined && slot.lanes.size >= maxLanes) return;
    const isKept = calls.durations !== undefined && calls.durations.bounds.length <= maxBuckets;
    const kept = { ...calls, durations: isKept ? calls.durations : undefined };
    slot.lanes.set(lane, known === undefined ? kept : totalOf([known, kept]));
  }

  /** The flags have changed: later reports are kept apart from earlier ones. */
  cut(): void {
    this.#isCut = true;
  }

  /**
   * The calls by lane of the slots that began after `from`, and until `to`. A report that comes
   * between the time of a change and its cut is in the slot before it.
   */
  between(from: number, to: number): ReadonlyMap<string, Calls> {
    const found = new Map<string, Calls[]>();
    for (const { start, lanes } of this.#slots) {
      if (start <= from || start > to) continue;
      for (const [lane, calls] of lanes) found.set(lane, [...(found.get(lane) ?? []), calls]);
    }
    return new Map(Array.from(found, ([lane, calls]) => [lane, totalOf(calls)]));
  }

  #forget(now: number): void {
    let gone = Math.max(0, this.#slots.length - maxSlots);
    while ((this.#slots[gone]?.start ?? now) < now - keptMs) gone += 1;
    if (gone > 0) this.#slots.splice(0, gone);
  }
}

/** Calls of one report. */
export function callsOf(requests: number, isFailed: boolean, durations: Durations | undefined): Calls {
  return { requests, errors: isFailed ? requests : 0, durations };
}
