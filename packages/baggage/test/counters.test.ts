import { baggageCounts, emit, parseBaggage, printable, runInLane } from '@graylane/baggage';
import { context, metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';

test('the counters are an OpenTelemetry metric whose one attribute is the event, also for an SDK that comes late', async () => {
  parseBaggage('bad').getAllEntries();
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  const before = baggageCounts();
  for (const lane of ['gray', 'a\r\nb', 'x'.repeat(1000)]) {
    parseBaggage(`bad,${lane},(x)=1`).getAllEntries();
    runInLane(lane, () => emit(context.active(), { to: {} }, 'http://anywhere'));
  }
  await reader.forceFlush();
  const [metric] = exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  expect(metric?.descriptor.name).toBe('graylane.baggage.members');
  expect(metric?.dataPoints.map(({ attributes, value }) => ({ attributes, value }))).toEqual([
    { attributes: { event: 'rejected' }, value: 9 },
    { attributes: { event: 'withheld' }, value: 1 },
    { attributes: { event: 'invalid' }, value: 2 },
  ]);
  expect((baggageCounts().rejected ?? 0) - (before.rejected ?? 0)).toBe(9);
  await reader.shutdown();
  metrics.disable();
});

test('text of baggage is printed on one line, with nothing in it that a terminal obeys, and not at any length', () => {
  expect(printable('lane 灰 🎨')).toBe('lane 灰 🎨');
  expect(printable('a\r\nb\t\0\u001b[2J\u007f\u0085\u009b')).toBe(
    String.raw`a\u{000d}\u{000a}b\u{0009}\u{0000}\u{001b}[2J\u{007f}\u{0085}\u{009b}`,
  );
  expect(printable('a\u2028b\u2029\u202e\ufeff\uD800')).toBe(
    String.raw`a\u{2028}b\u{2029}\u{202e}\u{feff}\u{d800}`,
  );
  expect(printable('x'.repeat(1_000_000))).toBe(`${'x'.repeat(200)}…`);
});
