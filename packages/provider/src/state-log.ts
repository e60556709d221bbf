import { diag } from '@opentelemetry/api';
import type { Logger } from '@openfeature/server-sdk';

/** A server whose messages differ each time must not fill the log. */
const maxTroubles = 10;

/** So many keys of changed flags are named. */
const maxKeys = 10;

/**
 * Logs the state of the flags to the application's logger, or to OpenTelemetry's `diag`. Each
 * trouble is logged once until the flags are live again.
 */
export class StateLog {
  readonly #logger: Pick<Logger, 'error' | 'warn' | 'info'>;
  readonly #troubles = new Set<string>();

  constructor(logger: Logger | undefined) {
    this.#logger = logger ?? diag.createComponentLogger({ namespace: '@graylane/provider' });
  }

  ready(revision: string): void {
    this.#troubles.clear();
    this.#log('info', `flags are ready at revision ${revision}`);
  }

  changed(flagKeys: readonly string[], revision: string): void {
    const named = flagKeys.slice(0, maxKeys).map((key) => JSON.stringify(key));
    const more = flagKeys.length > maxKeys ? ` and ${flagKeys.length - maxKeys} more` : '';
    this.#log('info', `revision ${revision} changed ${named.join(', ')}${more}`);
  }

  /** Logs that the flags may be old, or have not arrived yet. */
  trouble(message: string, level: 'error' | 'warn' = 'warn'): void {
    if (this.#troubles.has(message) || this.#troubles.size === maxTroubles) return;
    this.#troubles.add(message);
    this.#log(level, message);
  }

  #log(level: 'error' | 'warn' | 'info', message: string): void {
    try {
      this.#logger[level](`graylane: ${message}`);
    } catch {
      // A logger that throws must not stop the flags.
    }
  }
}
