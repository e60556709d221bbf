const signals = ['TRACES', 'METRICS', 'LOGS'];

/**
 * The variables of a service's telemetry where the environment does not set them. Without a
 * collector, which any `OTEL_EXPORTER_OTLP_*` variable stands for, the flag server gets traces and
 * metrics, and shows them as lanes and map; `GRAYLANE_DEMO_TELEMETRY=off` exports nothing.
 */
export function telemetrySettings(service: string, flagServer: string): NodeJS.ProcessEnv {
  const hasCollector = Object.keys(process.env).some((name) => name.startsWith('OTEL_EXPORTER_OTLP'));
  const exporters = hasCollector
    ? {}
    : process.env['GRAYLANE_DEMO_TELEMETRY'] === 'off'
      ? Object.fromEntries(signals.map((signal) => [`OTEL_${signal}_EXPORTER`, 'none'] as const))
      : exportersTo(flagServer);
  return { ...exporters, OTEL_SERVICE_NAME: service, GRAYLANE_LANES: 'gray' };
}

function exportersTo(flagServer: string): NodeJS.ProcessEnv {
  const token = process.env['GRAYLANE_TOKEN'];
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: flagServer,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    ...(token && { OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${token}` }),
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_METRIC_EXPORT_INTERVAL: '5000',
    OTEL_METRIC_EXPORT_TIMEOUT: '5000',
  };
}

/**
 * The management port of a service, e.g. from `ORDERS_MANAGEMENT_PORT`. `GRAYLANE_MANAGEMENT_PORT`
 * sets that of the flag server, and all run on the same machine: without a port of its own, a
 * service opens none.
 */
export function managementPortOf(service: string): NodeJS.ProcessEnv {
  return { GRAYLANE_MANAGEMENT_PORT: process.env[`${service.toUpperCase()}_MANAGEMENT_PORT`] || 'off' };
}
