import { Deltas } from '../../signals/deltas.ts';
import type { MetricsReceived } from '../../signals/intake.ts';
import type { MetricPoint } from '../../signals/metric-point.ts';
import type { Source } from '../../signals/source.ts';
import { BaggageEvents } from './baggage-events.ts';
import { countsCalls, isFailure, secondsOf } from './call-metrics.ts';
import { CallHistory, callsOf } from './call-history.ts';
import { CallWindow, totalOf, windowMs, type Calls } from './calls.ts';
import { durationsOf } from './durations.ts';

/**
 * The lanes that are counted, and the lanes of services; further lanes count as `other`, and
 * further services of a lane do not count.
 */
const [maxLanes, maxWindows] = [200, 1000];

/** A histogram with more buckets counts requests alone. */
const maxBuckets = 400;

/** The most instances that are remembered. */
const maxInstances = 10_000;

/** The requests of one environment by lane and service, in the last five minutes. */
export class LaneTraffic {
  readonly events: BaggageEvents = new BaggageEvents();
  /** The calls of the last day, for the changes of the flags. */
  readonly history: CallHistory;
  readonly #lanes = new Map<string, Map<string, CallWindow>>();
  #windows = 0;
  readonly #deltas: Deltas;
  /** When each instance first reported: a series that it reports later has just begun. */
  readonly #instances = new Map<string, number>();

  constructor(since: number) {
    this.#deltas = new Deltas({ since });
    this.history = new CallHistory(since);
  }

  receive({ points, receivedAt }: MetricsReceived): void {
    for (const point of points) {
      const isCall = countsCalls(point);
      if (!isCall && !BaggageEvents.is(point.name)) continue;
      const delta = this.#deltaOf(point, receivedAt);
      if (delta === undefined) continue;
      if (isCall) this.#addCalls(delta, receivedAt);
      else if (delta.data.kind === 'sum' && delta.data.value > 0) {
        this.events.add(delta.source.service, delta.attributes, delta.data.value, receivedAt);
      }
    }
    this.#deltas.forget(receivedAt - 3 * windowMs);
  }

  /** The lanes that were served in the last five minutes. */
  lanes(now: number): readonly string[] {
    return [...this.#lanes.keys()].filter((lane) => this.total(lane, now).requests > 0);
  }

  /** The calls of a lane by service. */
  *services(lane: string, now: number): Generator<{ service: string; calls: Calls; last: number }> {
    for (const [service, window] of this.#lanes.get(lane) ?? []) {
      const calls = window.calls(now);
      if (calls.requests > 0) yield { service, calls, last: window.last };
    }
  }

  /** The calls of a lane, or of all lanes. */
  total(lane: string | undefined, now: number): Calls {
    const lanes = lane === undefined ? [...this.#lanes.values()] : [this.#lanes.get(lane) ?? new Map()];
    return totalOf(lanes.flatMap((services) => [...services.values()].map((window) => window.calls(now))));
  }

  #addCalls({ source, attributes, data, ...point }: MetricPoint, at: number): void {
    if (data.kind !== 'histogram' && data.kind !== 'exponential') return;
    if (data.count === 0) return;
    const lane = attributes.get('lane') ?? source.resource.get('lane') ?? 'baseline';
    const seconds = secondsOf({ source, attributes, data, ...point });
    const { length } = data.kind === 'exponential' ? data.positive.counts : data.counts;
    const hasBuckets = length <= maxBuckets && (data.kind === 'exponential' || length > 0);
    const durations = seconds === undefined || !hasBuckets ? undefined : durationsOf(data, seconds);
    const name = this.#nameOf(String(lane));
    const isFailed = isFailure(attributes);
    this.#windowOf(name, source.service)?.add(data.count, isFailed, durations, at);
    this.history.add(name, callsOf(data.count, isFailed, durations), at);
  }

  #nameOf(lane: string): string {
    const isCounted = this.#lanes.has(lane) || this.#lanes.size < maxLanes;
    return isCounted && lane.length <= 63 ? lane : 'other';
  }

  #windowOf(name: string, service: string): CallWindow | undefined {
    let services = this.#lanes.get(name);
    if (services === undefined) this.#lanes.set(name, (services = new Map()));
    let window = services.get(service);
    if (window === undefined) {
      if (this.#windows >= maxWindows) return undefined;
      services.set(service, (window = new CallWindow()));
      this.#windows += 1;
    }
    return window;
  }

  #deltaOf(point: MetricPoint, receivedAt: number): MetricPoint | undefined {
    const hasReported = this.#hasReported(point.source, receivedAt);
    const result = this.#deltas.add(point);
    if ('delta' in result) return result.delta;
    const { data } = point;
    if (result.skipped !== 'first' || !hasReported || data.kind === 'gauge') return undefined;
    return { ...point, data: { ...data, temporality: 'delta' } };
  }

  /** Whether the instance has sent an earlier report. */
  #hasReported({ service, instance }: Source, receivedAt: number): boolean {
    if (instance === undefined) return false;
    const key = JSON.stringify([service, instance]);
    const since = this.#instances.get(key);
    if (since === undefined && this.#instances.size < maxInstances) this.#instances.set(key, receivedAt);
    return since !== undefined && since < receivedAt;
  }
}
