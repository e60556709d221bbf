import { createRequire } from 'node:module';
import type * as api from '@opentelemetry/api';
import { destination, pino, stdTimeFunctions, type Logger } from 'pino';
import type { Log, LogFields } from '../log.ts';
import type { LogOptions } from './log-options.ts';
import { textLine } from './text-line.ts';

/** The bytes that wait for a reader of the log; beyond them, lines are dropped. */
const maxWaiting = 1_048_576;

const patienceMs = 1000;

/** The log of the process, on standard output: one line for each event. */
export class ServerLog implements Log {
  readonly #logger: Logger;
  readonly #output: ReturnType<typeof destination>;

  readonly format: 'json' | 'text';

  constructor({ level = 'info', format = process.stdout.isTTY ? 'text' : 'json' }: LogOptions = {}) {
    this.format = format;
    const output = destination({ dest: 1, sync: false, maxLength: maxWaiting });
    const asText = { write: (line: string) => void output.write(textLine(line)) };
    this.#output = output;
    this.#logger = pino(
      {
        level,
        base: { service: 'graylane-server' },
        timestamp: stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        mixin: activeTrace,
      },
      format === 'json' ? output : asText,
    );
  }

  info(text: string, fields: LogFields = {}): void {
    this.#logger.info(fields, text);
  }

  warn(text: string, fields: LogFields = {}): void {
    this.#logger.warn(fields, text);
  }

  error(text: string, fields: LogFields = {}): void {
    this.#logger.error(fields, text);
  }

  /** Writes the lines that wait, and ends; a reader that does not read is not waited for. */
  async end(): Promise<void> {
    this.#logger.level = 'silent';
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, patienceMs);
      this.#output.once('close', () => {
        clearTimeout(late);
        resolve();
      });
      this.#output.end();
    });
  }
}

/** OpenTelemetry's API is registered here once an SDK has started, and need not load before. */
const registration = Symbol.for('opentelemetry.js.api.1');

/** A trace exists where the server exports traces; fields that a call passes take precedence. */
function activeTrace(): object {
  if (!(registration in globalThis)) return {};
  const { trace } = createRequire(import.meta.url)('@opentelemetry/api') as typeof api;
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined ? {} : { trace_id: span.traceId };
}
