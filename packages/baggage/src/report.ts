import { diag } from '@opentelemetry/api';
import { count, type BaggageEvent } from './counters.ts';

/** Receives messages; OpenTelemetry's `diag`, `console` and pino fit. */
export interface Logger {
  warn(message: string): void;
}

/** How many different messages one logger gets: their details may come from clients. */
const mostMessages = 200;

const logged = new WeakMap<Logger, Set<string>>();

/**
 * Counts an event, and logs it if it is the first of its kind: why the request runs in baseline,
 * and the remedy. Never throws.
 */
export function report(event: BaggageEvent, kind: string, message: () => string, logger?: Logger): void {
  count(event);
  warnOnce(`${event} ${kind}`, message, logger);
}

/**
 * Logs a message unless this logger has got one of its kind, if a condition holds that is costly to
 * check. Never throws.
 */
export function warnOnce(
  kind: string,
  message: () => string,
  logger: Logger = diag,
  condition: () => boolean = always,
): void {
  let kinds = logged.get(logger);
  if (kinds === undefined) {
    kinds = new Set();
    logged.set(logger, kinds);
  }
  if (kinds.has(kind) || kinds.size >= mostMessages || !condition()) return;
  kinds.add(kind);
  try {
    logger.warn(`graylane: ${message()} (logged once)`);
  } catch {
    // A logger that fails must not break a request; the event is counted.
  }
}

function always(): boolean {
  return true;
}
