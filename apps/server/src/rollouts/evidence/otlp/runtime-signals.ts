import type { MetricsReceived } from '../../../signals/intake.ts';
import type { MetricPoint } from '../../../signals/metric-point.ts';
import type { RuntimeSignal } from '../look-source.ts';
import { instanceOf, laneOf } from './increment-of.ts';

/** Gauges of the runtime that explain latency. */
const names: ReadonlySet<string> = new Set([
  'nodejs.eventloop.delay.p50',
  'nodejs.eventloop.delay.p99',
  'nodejs.eventloop.utilization',
  'v8js.memory.heap.used',
  'process.cpu.utilization',
  'process.memory.usage',
]);

/** The most series that are kept. */
const maxKept = 1000;

/** The newest values of the runtime, by instance. */
export class RuntimeSignals {
  /** By instance and name, the values of the series, e.g. one for each space of the heap. */
  readonly #newest = new Map<
    string,
    { readonly signal: RuntimeSignal; readonly values: Map<string, number> }
  >();
  #kept = 0;

  receive({ points }: MetricsReceived): void {
    for (const point of points) if (names.has(point.name)) this.#add(point);
  }

  of(services: ReadonlySet<string>): readonly RuntimeSignal[] {
    const signals = [...this.#newest.values()].filter(({ signal }) => services.has(signal.service));
    return signals.map(({ signal, values }) => {
      const value = [...values.values()].reduce((sum, one) => sum + one, 0);
      return { ...signal, value };
    });
  }

  #add(point: MetricPoint): void {
    const { name, unit, data, attributes, source } = point;
    if (data.kind !== 'gauge' && data.kind !== 'sum') return;
    const [service, instance, lane] = [source.service, instanceOf(source), laneOf(point)];
    const key = JSON.stringify([service, instance, name, lane]);
    const series = JSON.stringify([...attributes]);
    const signal = { service, instance, ...(lane !== undefined && { lane }), name, unit, value: 0 };
    const known = this.#newest.get(key) ?? { signal, values: new Map<string, number>() };
    if (!known.values.has(series)) {
      if (this.#kept >= maxKept) return;
      this.#kept += 1;
    }
    known.values.set(series, data.value);
    this.#newest.set(key, known);
  }
}
