/** The settings from the environment, beside the `OTEL_*` variables that the SDK reads itself. */
export interface Settings {
  readonly lanes: readonly string[];
  /** The baggage keys on spans and log records. */
  readonly baggage: readonly string[];
  /** Undefined if the port is switched off. */
  readonly port: number | undefined;
  readonly host: string;
  readonly token: string | undefined;
  /** The file of the routes that the contract covers. */
  readonly slis: string | undefined;
  readonly isConsoleByLane: boolean;
  /** Whether trace and lane are published to profilers outside of the process. */
  readonly hasThreadContext: boolean;
  readonly exporters: Readonly<Record<Signal, readonly string[]>>;
  readonly propagators: readonly string[];
  readonly isSdkDisabled: boolean;
}

/** The signals that have exporters of their own. */
export type Signal = 'traces' | 'metrics' | 'logs';

/** @throws {TypeError} if a variable has a value that is not allowed. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  return {
    lanes: list(env['GRAYLANE_LANES']),
    baggage: list(env['GRAYLANE_SIGNAL_BAGGAGE']),
    port: portOf(env['GRAYLANE_MANAGEMENT_PORT']),
    host: env['GRAYLANE_MANAGEMENT_HOST'] || '127.0.0.1',
    token: env['GRAYLANE_MANAGEMENT_TOKEN'] || undefined,
    slis: env['GRAYLANE_SLIS'] || undefined,
    isConsoleByLane: env['GRAYLANE_CONSOLE'] === 'on',
    hasThreadContext: env['GRAYLANE_THREAD_CONTEXT'] === 'on',
    exporters: {
      traces: exportersOf(env['OTEL_TRACES_EXPORTER']),
      metrics: exportersOf(env['OTEL_METRICS_EXPORTER']),
      logs: exportersOf(env['OTEL_LOGS_EXPORTER']),
    },
    propagators: list(env['OTEL_PROPAGATORS'] || 'tracecontext,baggage'),
    isSdkDisabled: env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true',
  };
}

/** OTLP unless the variable names others; `none` stands for no exporter. */
function exportersOf(value: string | undefined): readonly string[] {
  const names = list(value || 'otlp');
  return names.includes('none') ? [] : names;
}

function portOf(value: string | undefined): number | undefined {
  if (value === undefined || value === '') return 9464;
  if (value === 'off') return undefined;
  const port = Number(value);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new TypeError(
    `GRAYLANE_MANAGEMENT_PORT is "${value}": it must be a port from 0 to 65535, or "off", e.g. 9464`,
  );
}

function list(value = ''): readonly string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
