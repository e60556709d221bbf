import { Deltas } from '../../../signals/deltas.ts';
import type { MetricsReceived } from '../../../signals/intake.ts';
import type { MetricPoint } from '../../../signals/metric-point.ts';
import type { Sli } from '../../definition/sli.ts';
import type { Increment } from '../counting/increment.ts';
import { SliMatcher } from '../counting/sli-matcher.ts';
import type { PastHour } from '../look-source.ts';
import { incrementOf } from './increment-of.ts';

const [hourMs, dayMs] = [3_600_000, 86_400_000];

/** Hours, and SLIs that no rollout asks for any more, are forgotten after this time. */
const keepMs = 8 * dayMs;

/** The most SLIs of an environment. */
const maxSlis = 50;

/** One hour of an SLI: its begin, its requests, those that failed, and their p95 in seconds. */
type Hour = readonly [at: number, requests: number, bad: number, p95: number | null];

/** The hours of an SLI as they are stored. */
interface Stored {
  readonly sli: Sli;
  readonly usedAt: number;
  readonly hours: readonly Hour[];
}

/**
 * The requests of SLIs in all lanes, hour by hour over a week: context for people. A rollout that
 * asks for an SLI begins to keep it.
 */
export class PastHours {
  readonly #slis = new Map<string, HoursOfSli>();
  readonly #deltas = new Deltas();
  #isNew = false;

  observe(slis: readonly Sli[], now: number): void {
    for (const sli of slis) {
      const key = keyOf(sli);
      const known = this.#slis.get(key);
      if (known) known.usedAt = now;
      else if (this.#slis.size < maxSlis) this.#slis.set(key, new HoursOfSli(sli, now));
    }
  }

  receive({ points, receivedAt }: MetricsReceived): void {
    if (this.#slis.size === 0) return;
    this.#turn(receivedAt);
    for (const point of points) this.#add(point);
  }

  /** The same hour of the seven days before a time, where it is known. */
  lastDays(slis: readonly Sli[], at: number): readonly PastHour[] {
    return slis.flatMap((sli) => {
      const found = this.#slis.get(keyOf(sli));
      return [1, 2, 3, 4, 5, 6, 7].flatMap((day) => found?.at(at - day * dayMs, sli) ?? []);
    });
  }

  /** All hours, as they may be stored; undefined if no hour has ended since the last call. */
  take(now: number): readonly Stored[] | undefined {
    this.#turn(now);
    if (!this.#isNew) return undefined;
    this.#isNew = false;
    return Array.from(this.#slis.values(), (one) => one.stored());
  }

  restore(stored: readonly Stored[]): void {
    for (const { sli, usedAt, hours } of stored) {
      this.observe([sli], usedAt);
      this.#slis.get(keyOf(sli))?.restore(hours);
    }
  }

  /** Ends the hours that are over. */
  #turn(now: number): void {
    for (const [key, one] of this.#slis) {
      if (one.turn(now)) this.#isNew = true;
      if (one.usedAt < now - keepMs) this.#slis.delete(key);
    }
    this.#deltas.forget(now - hourMs);
  }

  #add(point: MetricPoint): void {
    const { data } = point;
    if (data.kind === 'gauge') return;
    const whole = incrementOf({ ...point, data: { ...data, temporality: 'delta' } });
    if (typeof whole === 'string') return;
    const counting = [...this.#slis.values()].filter(({ matcher }) => matcher.counts(whole));
    if (counting.length === 0) return;
    const result = this.#deltas.add(point);
    const increment = 'delta' in result ? incrementOf(result.delta) : undefined;
    if (typeof increment !== 'object') return;
    for (const one of counting) one.add(increment);
  }
}

class HoursOfSli {
  readonly matcher: SliMatcher;
  usedAt: number;
  /** By their begin. */
  readonly #hours = new Map<number, Hour>();
  /** The hour that has not ended: its requests by the bound of their bucket. */
  readonly #upTo = new Map<number, number>();
  #begin = 0;
  #requests = 0;
  #bad = 0;

  constructor(sli: Sli, now: number) {
    this.matcher = new SliMatcher(sli);
    this.usedAt = now;
    this.#begin = beginOf(now);
  }

  add(increment: Increment): void {
    this.#requests += increment.requests;
    if (this.matcher.isBad(increment.labels)) this.#bad += increment.requests;
    for (const [bound, count] of bucketsOf(increment)) {
      if (count > 0) this.#upTo.set(bound, (this.#upTo.get(bound) ?? 0) + count);
    }
  }

  /** Returns whether an hour with requests has ended. */
  turn(now: number): boolean {
    const begin = beginOf(now);
    if (begin === this.#begin) return false;
    const ended: Hour = [this.#begin, this.#requests, this.#bad, p95Of(this.#upTo)];
    const hadRequests = this.#requests > 0;
    if (hadRequests) this.#add(ended);
    this.#upTo.clear();
    [this.#begin, this.#requests, this.#bad] = [begin, 0, 0];
    for (const at of this.#hours.keys()) if (at < now - keepMs) this.#hours.delete(at);
    return hadRequests;
  }

  /** Takes over stored hours; a server that leads again knows some of them. */
  restore(hours: readonly Hour[]): void {
    for (const hour of hours) {
      const [, requests = 0] = this.#hours.get(hour[0]) ?? [];
      if (hour[1] > requests) this.#hours.set(hour[0], hour);
    }
  }

  stored(): Stored {
    return { sli: this.matcher.sli, usedAt: this.usedAt, hours: [...this.#hours.values()] };
  }

  at(time: number, { name, kind }: Sli): readonly PastHour[] {
    const hour = this.#hours.get(beginOf(time));
    if (hour === undefined) return [];
    const [at, requests, bad, p95] = hour;
    return [
      {
        sli: name,
        at,
        requests,
        ...(kind === 'errors' && { badRatio: bad / requests }),
        ...(kind === 'latency' && p95 !== null && { p95 }),
      },
    ];
  }

  /** A restart has cut an hour into two. */
  #add([at, requests, bad, p95]: Hour): void {
    const [, before, badBefore, other] = this.#hours.get(at) ?? [at, 0, 0, null];
    const most = before > requests ? other : p95;
    this.#hours.set(at, [at, before + requests, badBefore + bad, most]);
  }
}

/** The same SLI may have other names in other rollouts. */
function keyOf(sli: Sli): string {
  return JSON.stringify({ ...sli, name: undefined });
}

function beginOf(time: number): number {
  return Math.floor(time / hourMs) * hourMs;
}

function* bucketsOf({ durations }: Increment): Generator<readonly [bound: number, count: number]> {
  if (durations === undefined) return;
  if (durations.kind === 'histogram') {
    for (const [at, count] of durations.counts.entries()) yield [durations.bounds[at] ?? Infinity, count];
    return;
  }
  const { scale, zero, zeroThreshold, offset, counts } = durations;
  yield [zeroThreshold, zero];
  for (const [at, count] of counts.entries()) yield [2 ** ((offset + at + 1) * 2 ** -scale), count];
}

/** The least bound of a bucket that at least 95 % of the requests are below. */
function p95Of(upTo: ReadonlyMap<number, number>): number | null {
  let total = 0;
  for (const count of upTo.values()) total += count;
  let below = 0;
  for (const [bound, count] of [...upTo].toSorted(([one], [other]) => one - other)) {
    below += count;
    if (total > 0 && below >= 0.95 * total) return Number.isFinite(bound) ? bound : null;
  }
  return null;
}
