const signals = ['TRACES', 'METRICS', 'LOGS'];

/**
 * The variables of a service's telemetry where the environment does not set them. Without a
 * collector, which any `OTEL_EXPORTER_OTLP_*` variable stands for, nothing is exported: an exporter
 * that reaches no collector would print an error every few seconds.
 */
export function telemetrySettings(service: string): NodeJS.ProcessEnv {
  const hasCollector = Object.keys(process.env).some((name) => name.startsWith('OTEL_EXPORTER_OTLP'));
  const none = hasCollector ? [] : signals.map((signal) => [`OTEL_${signal}_EXPORTER`, 'none'] as const);
  return { ...Object.fromEntries(none), OTEL_SERVICE_NAME: service, GRAYLANE_LANES: 'gray' };
}

/**
 * The management port of a service, e.g. from `ORDERS_MANAGEMENT_PORT`. `GRAYLANE_MANAGEMENT_PORT`
 * sets that of the flag server, and all run on the same machine: without a port of its own, a
 * service opens none.
 */
export function managementPortOf(service: string): NodeJS.ProcessEnv {
  return { GRAYLANE_MANAGEMENT_PORT: process.env[`${service.toUpperCase()}_MANAGEMENT_PORT`] || 'off' };
}
