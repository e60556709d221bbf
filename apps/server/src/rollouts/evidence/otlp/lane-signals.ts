import { Deltas, type Skipped } from '../../../signals/deltas.ts';
import type { MetricsReceived } from '../../../signals/intake.ts';
import type { MetricPoint } from '../../../signals/metric-point.ts';
import { controlOf, type Window } from '../counting/count-look.ts';
import type { Increment } from '../counting/increment.ts';
import { metricName } from '../counting/label-name.ts';
import type { SliMatcher } from '../counting/sli-matcher.ts';
import { incrementOf, instanceOf, laneOf } from './increment-of.ts';

/** The most increments that wait for their look, and for how long, in ms. */
const [maxIncrements, keepMs] = [50_000, 3_600_000];

/** The most services and instances that are remembered. */
const maxSeen = 10_000;

/** A clock that differs by more can't be used, in ms. */
const maxSkewMs = 120_000;

interface Received<T> {
  readonly receivedAt: number;
  readonly value: T;
}

/**
 * The requests of a lane and its control that services have reported by OTLP, by the time at which
 * this server received them: each report is in exactly one window, however late it is.
 */
export class LaneSignals {
  readonly #lanes: ReadonlySet<string>;
  readonly #deltas: Deltas;
  readonly #increments: Received<Increment>[] = [];
  readonly #faults: Received<string>[] = [];
  /** The metrics of each service, and whether any series of theirs has a lane. */
  readonly #seen = new Map<string, boolean>();
  /** The newest time stamp of each service, by its own clock. */
  readonly #newest = new Map<string, number>();
  /** When each instance first reported: a series that it reports later has just begun. */
  readonly #reporting = new Map<string, number>();
  readonly #since: number;
  /** The end of the newest window with faults. */
  #discarded = 0;
  /** The end of the newest window: what was received up to it is kept only for a repeated look. */
  #looked = 0;

  constructor(lane: string, since: number) {
    this.#lanes = new Set([lane, controlOf(lane)]);
    this.#since = since;
    this.#deltas = new Deltas({ since });
  }

  receive({ points, receivedAt }: MetricsReceived): void {
    for (const point of points) this.#add(point, receivedAt);
    this.#prune(receivedAt);
  }

  /**
   * The window (from, to] by the time of receipt. A window with faults is not counted later either:
   * the next one begins at its end.
   */
  window(from: number, to: number): Window {
    const start = Math.max(from, this.#discarded);
    const within = <T>(all: readonly Received<T>[]): T[] =>
      all.filter(({ receivedAt }) => receivedAt > start && receivedAt <= to).map(({ value }) => value);
    // Earlier windows were counted, and are not asked for again.
    for (const list of [this.#increments, this.#faults]) dropUpTo(list, start);
    this.#looked = to;
    const faults = [...new Set(within(this.#faults))];
    if (faults.length > 0) this.#discarded = to;
    let newest = Number.NEGATIVE_INFINITY;
    for (const timeMs of this.#newest.values()) newest = Math.max(newest, timeMs);
    return {
      increments: within(this.#increments),
      faults,
      at: to,
      ageMs: Number.isFinite(newest) ? Math.max(0, to - newest) : undefined,
      missing: (sli, lane) => this.#missing(sli, lane),
    };
  }

  #add(point: MetricPoint, receivedAt: number): void {
    const { data, source, name } = point;
    if (data.kind === 'gauge') return;
    const lane = laneOf(point);
    const hasReported = this.#hasReported(source, receivedAt);
    this.#see(source.service, metricName(name), lane !== undefined);
    if (lane === undefined || !this.#lanes.has(lane)) return;
    const skew = point.timeMs - receivedAt;
    if (Math.abs(skew) > maxSkewMs) this.#faults.push({ receivedAt, value: skewText(source.service, skew) });
    else if (this.#newest.size < maxSeen || this.#newest.has(source.service))
      this.#newest.set(source.service, Math.max(point.timeMs, this.#newest.get(source.service) ?? 0));
    let result = this.#deltas.add(point);
    if ('skipped' in result && result.skipped === 'first' && hasReported) {
      result = { delta: { ...point, data: { ...data, temporality: 'delta' } } };
    }
    if ('skipped' in result) {
      const value = skippedText(result.skipped, name, source.service);
      if (value !== undefined) this.#faults.push({ receivedAt, value });
      return;
    }
    const increment = incrementOf(result.delta);
    if (typeof increment === 'string') this.#faults.push({ receivedAt, value: increment });
    else if (increment.requests > 0) this.#increments.push({ receivedAt, value: increment });
  }

  #see(service: string, metric: string, hasLane: boolean): void {
    const key = JSON.stringify([service, metric]);
    if (this.#seen.size < maxSeen || this.#seen.has(key)) {
      this.#seen.set(key, hasLane || (this.#seen.get(key) ?? false));
    }
  }

  /** Whether the instance has sent an earlier report. */
  #hasReported(source: MetricPoint['source'], receivedAt: number): boolean {
    const instance = instanceOf(source);
    if (instance === '') return false;
    const key = JSON.stringify([source.service, instance]);
    const since = this.#reporting.get(key);
    if (since === undefined && this.#reporting.size < maxSeen) this.#reporting.set(key, receivedAt);
    return since !== undefined && since < receivedAt;
  }

  #prune(now: number): void {
    this.#deltas.forget(now - keepMs);
    for (const list of [this.#increments, this.#faults]) {
      dropUpTo(list, now - keepMs);
      const tooMany = list.length - maxIncrements;
      const dropped = tooMany > 0 ? list.splice(0, tooMany) : [];
      const isMissed = dropped.some(({ receivedAt }) => receivedAt > this.#looked);
      if (isMissed && list === this.#increments) {
        const value = `more than ${maxIncrements} series reported for this look: report fewer series or less often`;
        this.#faults.push({ receivedAt: now, value });
      }
    }
  }

  #missing({ sli: { service, metric } }: SliMatcher, lane: string): string {
    const hasLane = this.#seen.get(JSON.stringify([service, metricName(metric)]));
    if (hasLane === undefined) {
      const since = new Date(this.#since).toISOString();
      return `no metric ${metric} of ${service} has arrived since ${since}: let the service export it to this server (OTEL_EXPORTER_OTLP_ENDPOINT)`;
    }
    if (!hasLane)
      return `${metric} of ${service} has no attribute lane: use instrumentLanes of @graylane/telemetry`;
    return `${service} reported no requests of the lane ${lane} in this look`;
  }
}

/** Drops what was received up to a time. */
function dropUpTo(list: Array<Received<unknown>>, time: number): void {
  const kept = list.findIndex(({ receivedAt }) => receivedAt > time);
  list.splice(0, kept < 0 ? list.length : kept);
}

function skewText(service: string, skewMs: number): string {
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const direction = skewMs > 0 ? 'ahead of' : 'behind';
  return `the clock of ${service}, or its export, is ${seconds} s ${direction} this server: synchronise the clocks`;
}

/** The first point of a series and repeated ones are normal; after others, counts are missing. */
function skippedText(skipped: Skipped, name: string, service: string): string | undefined {
  switch (skipped) {
    case 'sunk':
      return `${name} of ${service} has sunk without a restart: two instances may share one service.instance.id`;
    case 'changed':
      return `${name} of ${service} has changed its buckets; they count from the next look on`;
    case 'crowded':
      return `${name} of ${service} has more series than are kept: use fewer attributes`;
    default:
      return undefined;
  }
}
