import type { MetricsReceived } from '../../../signals/intake.ts';
import type { MetricPoint } from '../../../signals/metric-point.ts';
import type { RuntimeSignal } from '../look-source.ts';

/** Gauges of the runtime that explain latency. */
const names: ReadonlySet<string> = new Set([
  'nodejs.eventloop.delay.p50',
  'nodejs.eventloop.delay.p99',
  'nodejs.eventloop.utilization',
  'v8js.memory.heap.used',
  'process.cpu.utilization',
  'process.memory.usage',
]);

/** The most values that are kept. */
const maxKept = 1000;

/** The newest values of the runtime, by instance. */
export class RuntimeSignals {
  readonly #newest = new Map<string, RuntimeSignal>();

  receive({ points }: MetricsReceived): void {
    for (const point of points) if (names.has(point.name)) this.#add(point);
  }

  of(services: ReadonlySet<string>): readonly RuntimeSignal[] {
    return [...this.#newest.values()].filter(({ service }) => services.has(service));
  }

  #add(point: MetricPoint): void {
    const { name, unit, data, attributes } = point;
    if (data.kind !== 'gauge' && data.kind !== 'sum') return;
    const { service, instance } = point.source;
    const lane = attributes.get('lane');
    const key = JSON.stringify([service, instance, name, lane]);
    if (this.#newest.size >= maxKept && !this.#newest.has(key)) return;
    this.#newest.set(key, {
      service,
      instance: instance ?? '',
      ...(typeof lane === 'string' && { lane }),
      name,
      unit,
      value: data.value,
    });
  }
}
