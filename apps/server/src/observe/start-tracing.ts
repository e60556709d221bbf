import { createRequire } from 'node:module';
import type { Log } from '../log.ts';

/** Traces that are exported, or none. */
export interface Tracing {
  /** Exports the spans that are left. */
  shutdown(this: void): Promise<void>;
}

const endpoints = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];

/**
 * Exports traces of the server if OpenTelemetry's standard variables configure an exporter. The SDK
 * is an optional package; the log names it if it is missing. Metrics are read at the management
 * port, and logs at standard output, unless the variables have exporters for these.
 */
export async function startTracing(environment: NodeJS.ProcessEnv, log: Log): Promise<Tracing> {
  const { OTEL_TRACES_EXPORTER: exporter } = environment;
  const isConfigured = exporter ? exporter !== 'none' : endpoints.some((name) => environment[name]);
  if (!isConfigured) return { shutdown: async () => {} };
  // The SDK reads the environment of the process itself.
  environment['OTEL_SERVICE_NAME'] ||= 'graylane-server';
  environment['OTEL_METRICS_EXPORTER'] ||= 'none';
  environment['OTEL_LOGS_EXPORTER'] ||= 'none';
  const { startTelemetry } = await import('@graylane/telemetry/start');
  const tracing = await startTelemetry({ ...environment, GRAYLANE_MANAGEMENT_PORT: 'off' }, (line) =>
    log.info(`telemetry: ${line}`),
  );
  // Instrumentations patch a module when it is required; Node's own are loaded already.
  createRequire(import.meta.url)('node:http');
  return tracing;
}
