import type { Signal } from './settings.ts';

/** Loads a dependency of `@opentelemetry/sdk-node`. */
export type LoadDependency = (name: string) => unknown;

type Constructor = new (options?: object) => object;

const otlpPackages: Readonly<Record<string, string>> = {
  grpc: 'grpc',
  'http/json': 'http',
  'http/protobuf': 'proto',
};
const otlpClasses: Readonly<Record<Signal, string>> = {
  traces: 'OTLPTraceExporter',
  metrics: 'OTLPMetricExporter',
  logs: 'OTLPLogExporter',
};
const consoleClasses: Readonly<Record<Signal, readonly [from: string, name: string]>> = {
  traces: ['@opentelemetry/sdk-trace', 'ConsoleSpanExporter'],
  metrics: ['@opentelemetry/sdk-metrics', 'ConsoleMetricExporter'],
  logs: ['@opentelemetry/sdk-logs', 'ConsoleLogRecordExporter'],
};

/**
 * The exporter of a name in `OTEL_<SIGNAL>_EXPORTER`: `otlp` by the protocol of the standard
 * variables, or `console`.
 * @throws {TypeError} if no exporter has that name.
 */
export function exporterOf(
  signal: Signal,
  name: string,
  load: LoadDependency,
  env: NodeJS.ProcessEnv,
): object {
  if (name === 'console') {
    const [from, className] = consoleClasses[signal];
    return create(load, from, className);
  }
  if (name === 'otlp') {
    const ending = otlpPackages[protocolOf(signal, env)] ?? 'proto';
    const singular = { traces: 'trace', metrics: 'metrics', logs: 'logs' }[signal];
    return create(load, `@opentelemetry/exporter-${singular}-otlp-${ending}`, otlpClasses[signal]);
  }
  throw new TypeError(`OTEL_${signal.toUpperCase()}_EXPORTER has "${name}": use otlp, console or none`);
}

/** Creates an object of a class in a dependency of `@opentelemetry/sdk-node`. */
export function create(load: LoadDependency, from: string, className: string, options?: object): object {
  const constructors = load(from) as Readonly<Record<string, Constructor | undefined>>;
  const constructor = constructors[className];
  if (constructor === undefined)
    throw new TypeError(`${from} has no ${className}: install @opentelemetry/sdk-node 0.223 or newer`);
  return new constructor(options);
}

function protocolOf(signal: Signal, env: NodeJS.ProcessEnv): string {
  return (
    env[`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_PROTOCOL`] ||
    env['OTEL_EXPORTER_OTLP_PROTOCOL'] ||
    'http/protobuf'
  );
}

/**
 * The numbers that these variables have, by the option they set; variables that are not set or no
 * numbers are left out.
 */
export function numbersFrom(
  env: NodeJS.ProcessEnv,
  variables: Readonly<Record<string, string>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([option, variable]) => {
      const value = Number(env[variable] || Number.NaN);
      return value >= 0 ? [[option, value] as const] : [];
    }),
  );
}
