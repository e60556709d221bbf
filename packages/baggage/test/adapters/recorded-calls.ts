import { getLane, setCallListener } from '@graylane/baggage';
import { MeterProvider, MetricReader, type Histogram } from '@opentelemetry/sdk-metrics';

/** One series of call durations: its attributes, the lane among them, and how many there were. */
export interface RecordedCalls extends Readonly<Record<string, unknown>> {
  readonly kind: string;
  readonly lane: string;
  readonly count: number;
}

class MemoryReader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

/**
 * Has the calls of this process recorded in a metrics SDK, by the lane at their end; returns a
 * function that collects all series so far.
 */
export function recordCalls(): () => Promise<readonly RecordedCalls[]> {
  const reader = new MemoryReader();
  const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
  setCallListener({
    start: ({ kind, otelContext, attributes }) => {
      const startedAt = performance.now();
      return (atEnd) =>
        meter
          .createHistogram(kind)
          .record(performance.now() - startedAt, { ...attributes, ...atEnd, lane: getLane(otelContext) });
    },
  });
  return async () => {
    const { resourceMetrics } = await reader.collect();
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes, value }) => ({
          ...attributes,
          kind: descriptor.name,
          lane: String(attributes['lane']),
          count: (value as Histogram).count,
        })),
      ),
    );
  };
}

/** How many calls each lane had. */
export function byLane(calls: readonly RecordedCalls[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { lane, count } of calls) counts[lane] = (counts[lane] ?? 0) + count;
  return counts;
}
