import { diag, DiagLogLevel, type DiagLogger } from '@opentelemetry/api';

/** The time in which a message is printed once, in milliseconds. */
const quietMs = 10 * 60_000;
const mostMessages = 200;

/**
 * A scrape in the first milliseconds finds a resource whose host is still looked up. Nothing is
 * lost: the next one has it.
 */
const scrapedEarly = 'Accessing resource attributes before async attributes settled';

/**
 * Prints warnings and errors of OpenTelemetry's `diag`, where our packages report what they refuse:
 * without a logger it drops them. A logger that was set before stays, and `OTEL_LOG_LEVEL` leaves
 * this to the SDK.
 */
export function showWarnings(env: NodeJS.ProcessEnv, print: (line: string) => void): void {
  if (env['OTEL_LOG_LEVEL'] || hasLogger()) return;
  const printedAt = new Map<string, number>();
  const show =
    (level: string) =>
    (message: string, ...details: readonly unknown[]): void => {
      if (message === scrapedEarly) return;
      const line = [message.replace(/^graylane: /, ''), ...details]
        .map(String)
        .join(' ')
        .replaceAll(/\s*\n\s*/g, ' | ');
      const now = Date.now();
      if (now - (printedAt.get(line) ?? -Infinity) < quietMs) return;
      if (printedAt.size >= mostMessages) printedAt.clear();
      printedAt.set(line, now);
      print(`${level}: ${line}`);
    };
  const ignore = (): void => {};
  const logger: DiagLogger = {
    error: show('error'),
    warn: show('warning'),
    info: ignore,
    debug: ignore,
    verbose: ignore,
  };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}

/** The API has no getter; all versions of 1.x keep their globals at this place. */
function hasLogger(): boolean {
  const globals = globalThis as unknown as Record<symbol, { readonly diag?: unknown } | undefined>;
  return globals[Symbol.for('opentelemetry.js.api.1')]?.diag !== undefined;
}
