import type { PostOptions, ServerClient } from '@graylane/source';
import { context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { UsageCounter } from './usage-counter.ts';
import { usageReport, type Reporter } from './usage-report.ts';

/** How usage is reported. */
export interface UsageReporterOptions {
  readonly client: ServerClient;
  readonly reporter: Reporter;
  readonly periodMs: number;
  /** Receives why a report was refused; called once for each reason. */
  readonly onTrouble: (message: string) => void;
}

/** How long a report may take: one in the background, and the last one, in milliseconds. */
const [timeoutMs, lastTimeoutMs] = [10_000, 2000];

/** The key of OpenTelemetry's core package: nothing that runs under it creates spans. */
const suppressed = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/**
 * Reports to the flag server how often which flag had which variant, once per period. It holds up
 * neither evaluations nor the end of the process: a report that fails is tried again with the next
 * one, and memory is bounded by the number of flags.
 */
export class UsageReporter {
  readonly counter: UsageCounter = new UsageCounter();
  readonly #options: UsageReporterOptions;
  readonly #troubles = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #since = Date.now();
  #notBefore = 0;
  #sending: Promise<void> = Promise.resolve();
  #ending = new AbortController();

  constructor(options: UsageReporterOptions) {
    this.#options = options;
  }

  /** Starts to report. The services of a deployment spread over the period. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#since = Date.now();
    this.#ending = new AbortController();
    this.#schedule(Math.round(this.#options.periodMs * (0.5 + Math.random() / 2)));
  }

  /** Stops, and sends what is left in at most two seconds. */
  async close(): Promise<void> {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#ending.abort();
    await this.#sending;
    await this.#report({ timeoutMs: lastTimeoutMs, keepsAlive: true });
  }

  #schedule(afterMs: number): void {
    this.#timer = setTimeout(() => {
      this.#schedule(this.#options.periodMs);
      const { signal } = this.#ending;
      this.#sending = this.#sending.then(() => this.#report({ timeoutMs, keepsAlive: false, signal }));
    }, afterMs);
    this.#timer.unref();
  }

  async #report(how: PostOptions): Promise<void> {
    const { client, reporter } = this.#options;
    if (Date.now() < this.#notBefore) return;
    for (let isPart = true; isPart;) {
      const batch = this.counter.batch();
      ({ isPart } = batch);
      if (batch.rows.length === 0) return;
      const now = Date.now();
      const json = usageReport(batch.rows, reporter, this.#since, now);
      // A report belongs to no request, and is not to appear in traces.
      const { failure, retryAfterMs } = await context.with(ROOT_CONTEXT.setValue(suppressed, true), () =>
        client.post('v1/metrics', json, how),
      );
      if (failure !== undefined) {
        this.#notBefore = Date.now() + retryAfterMs;
        this.#complain(failure);
        return;
      }
      batch.received();
      if (!isPart) this.#since = now;
    }
  }

  /** While the server can't be reached, the change stream reports that. */
  #complain(failure: string): void {
    if (!failure.includes(' responded with ') || this.#troubles.has(failure)) return;
    this.#troubles.add(failure);
    this.#options.onTrouble(failure);
  }
}
