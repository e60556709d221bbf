import { context, type Attributes, type Context } from '@opentelemetry/api';

interface LoggerProvider {
  getLogger(name: string): { emit(record: object): void };
}

/**
 * The logs API of both lines registers its provider here: api-logs 0.2xx, and `@opentelemetry/api`
 * from 1.10.
 */
const logsApi = Symbol.for('io.opentelemetry.js.api.logs');
const apiGlobal = Symbol.for('opentelemetry.js.api.1');

/** Emits a log event by the OpenTelemetry logs SDK that is registered, if one is. */
export function emitEvent(
  eventName: string,
  attributes: Attributes,
  otelContext: Context = context.active(),
): void {
  loggerProvider()?.getLogger('@graylane/telemetry').emit({ eventName, attributes, context: otelContext });
}

function loggerProvider(): LoggerProvider | undefined {
  const holder = globalThis as unknown as Record<symbol, unknown>;
  const byVersion = holder[logsApi] as ((version: number) => LoggerProvider) | undefined;
  return byVersion?.(1) ?? (holder[apiGlobal] as { logs?: LoggerProvider } | undefined)?.logs;
}
