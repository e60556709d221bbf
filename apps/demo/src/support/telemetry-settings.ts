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
 * `GRAYLANE_MANAGEMENT_PORT` sets that of the flag server, and the services of the shop run on the
 * same machine: they open none.
 */
export const managementOff: NodeJS.ProcessEnv = { GRAYLANE_MANAGEMENT_PORT: 'off' };
