import { nextTurn } from '../event-loop-turns.ts';
import type { Log } from '../log.ts';
import type { MetricPoint } from './metric-point.ts';
import type { SpanRecord } from './span-record.ts';

/** A part of one export of metrics. */
export interface MetricsReceived {
  readonly environment: string;
  /** By this server's clock, in milliseconds since 1970; the same for all parts of an export. */
  readonly receivedAt: number;
  readonly points: readonly MetricPoint[];
}

/** A part of one export of spans. */
export interface SpansReceived {
  readonly environment: string;
  /** As in {@link MetricsReceived}. */
  readonly receivedAt: number;
  readonly spans: readonly SpanRecord[];
}

/** Which signals a listener gets. */
export interface ListenOptions {
  /** Default: those of all environments. */
  readonly environment?: string;
}

/** The most points or spans that a listener gets in one call. */
const maxBatch = 256;

/**
 * Passes the signals that services send on to the parts of the server that keep them. Knows no
 * protocol: a receiver decodes an export, and delivers it when all of it is valid. Keeps nothing
 * itself, so a listener gets only what arrives after it.
 */
export class Intake {
  readonly #metrics = new Set<Entry<MetricsReceived>>();
  readonly #spans = new Set<Entry<SpansReceived>>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Calls back with each export of metrics, in parts of at most 256 points between which the event
   * loop turns; parts of exports that arrive together may alternate. The exporter waits for its
   * response meanwhile. An error that the listener throws is logged. Returns a function that ends
   * it.
   */
  onMetrics(listener: Listener<MetricsReceived>, options: ListenOptions = {}): () => void {
    return add(this.#metrics, listener, options);
  }

  /** Like {@link onMetrics}, for spans. */
  onSpans(listener: Listener<SpansReceived>, options: ListenOptions = {}): () => void {
    return add(this.#spans, listener, options);
  }

  /** Delivers an export of metrics. */
  async deliverMetrics(environment: string, points: readonly MetricPoint[]): Promise<void> {
    const receivedAt = Date.now();
    await forEachBatch(points, (batch) =>
      this.#notify(this.#metrics, { environment, receivedAt, points: batch }),
    );
  }

  /** Delivers an export of spans. */
  async deliverSpans(environment: string, spans: readonly SpanRecord[]): Promise<void> {
    const receivedAt = Date.now();
    await forEachBatch(spans, (batch) =>
      this.#notify(this.#spans, { environment, receivedAt, spans: batch }),
    );
  }

  #notify<T extends { readonly environment: string }>(entries: ReadonlySet<Entry<T>>, received: T): void {
    for (const { listener, environment } of entries) {
      if (environment !== undefined && environment !== received.environment) continue;
      try {
        listener(received);
      } catch (error) {
        this.#log.warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
      }
    }
  }
}

type Listener<T> = (received: T) => void;

interface Entry<T> {
  readonly listener: Listener<T>;
  readonly environment: string | undefined;
}

function add<T>(entries: Set<Entry<T>>, listener: Listener<T>, { environment }: ListenOptions): () => void {
  const entry = { listener, environment };
  entries.add(entry);
  return () => entries.delete(entry);
}

async function forEachBatch<T>(items: readonly T[], step: (batch: readonly T[]) => void): Promise<void> {
  for (let at = 0; at < items.length; at += maxBatch) {
    if (at > 0) await nextTurn();
    step(items.slice(at, at + maxBatch));
  }
}
