import type { LaneTelemetry } from '../instrument-lanes.ts';
import type { MetricsSource } from '../management/metrics-endpoint.ts';
import { create, exporterOf, numbersFrom, type LoadDependency } from './exporters.ts';
import type { Settings } from './settings.ts';

/** The processors and readers for the SDK, with ours before those that export. */
export interface Pipelines {
  readonly spanProcessors: object[];
  readonly logRecordProcessors: object[];
  readonly metricReaders: object[];
  /** Served by the management port if `OTEL_METRICS_EXPORTER` has `prometheus`. */
  readonly metricsSource: MetricsSource | undefined;
}

interface PrometheusReader {
  collect(): Promise<{ readonly resourceMetrics: object; readonly errors: readonly unknown[] }>;
}

/** @throws {TypeError} if a variable names an exporter that does not exist. */
export function pipelines(
  { exporters }: Settings,
  lanes: LaneTelemetry,
  load: LoadDependency,
  env: NodeJS.ProcessEnv,
): Pipelines {
  const spanExporters = exporters.traces.map((name) => {
    const exporter = exporterOf('traces', name, load, env);
    return name === 'console'
      ? create(load, '@opentelemetry/sdk-trace', 'SimpleSpanProcessor', { exporter })
      : create(load, '@opentelemetry/sdk-trace', 'BatchSpanProcessor', { exporter, ...batch(env, 'BSP') });
  });
  const logExporters = exporters.logs.map((name) => {
    const exporter = exporterOf('logs', name, load, env);
    return name === 'console'
      ? create(load, '@opentelemetry/sdk-logs', 'SimpleLogRecordProcessor', { exporter })
      : create(load, '@opentelemetry/sdk-logs', 'BatchLogRecordProcessor', {
          exporter,
          ...batch(env, 'BLRP'),
        });
  });
  const prometheus = exporters.metrics.includes('prometheus') ? prometheusReader(load) : undefined;
  const pushed = exporters.metrics
    .filter((name) => name !== 'prometheus')
    .map((name) => periodicReader(exporterOf('metrics', name, load, env), load, env));
  return {
    // Also without an exporter: traces are propagated, and requests in flight are listed.
    spanProcessors: [lanes.spanProcessor, ...spanExporters],
    logRecordProcessors: logExporters.length > 0 ? [lanes.logRecordProcessor, ...logExporters] : [],
    metricReaders: [...pushed, ...(prometheus ? [prometheus.reader] : [])],
    metricsSource: prometheus?.source,
  };
}

function batch(env: NodeJS.ProcessEnv, prefix: 'BSP' | 'BLRP'): Record<string, number> {
  return numbersFrom(env, {
    scheduledDelayMillis: `OTEL_${prefix}_SCHEDULE_DELAY`,
    exportTimeoutMillis: `OTEL_${prefix}_EXPORT_TIMEOUT`,
    maxQueueSize: `OTEL_${prefix}_MAX_QUEUE_SIZE`,
    maxExportBatchSize: `OTEL_${prefix}_MAX_EXPORT_BATCH_SIZE`,
  });
}

/**
 * The reader refuses a timeout that exceeds its interval, so a short interval shortens the timeout.
 */
function periodicReader(exporter: object, load: LoadDependency, env: NodeJS.ProcessEnv): object {
  const { interval = 60_000, timeout = 30_000 } = numbersFrom(env, {
    interval: 'OTEL_METRIC_EXPORT_INTERVAL',
    timeout: 'OTEL_METRIC_EXPORT_TIMEOUT',
  });
  return create(load, '@opentelemetry/sdk-metrics', 'PeriodicExportingMetricReader', {
    exporter,
    exportIntervalMillis: interval,
    exportTimeoutMillis: Math.min(interval, timeout),
  });
}

/** OpenTelemetry's exporter without its server: the management port serves its output. */
function prometheusReader(load: LoadDependency): { reader: object; source: MetricsSource } {
  const from = '@opentelemetry/exporter-prometheus';
  const reader = create(load, from, 'PrometheusExporter', { preventServerStart: true }) as PrometheusReader;
  const serializer = create(load, from, 'PrometheusSerializer') as { serialize(metrics: object): string };
  return {
    reader,
    source: async () => serializer.serialize((await reader.collect()).resourceMetrics),
  };
}
