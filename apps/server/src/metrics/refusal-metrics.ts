import type { MetricRegistry, NumberSeries } from '@graylane/telemetry/management';
import type { RequestErrorCode } from '../model/request-error.ts';

const refused = new WeakMap<object, RequestErrorCode>();

/** Keeps the reason of a refusal with its response, until the response is counted. */
export function noteRefusal(response: object, reason: RequestErrorCode): void {
  refused.set(response, reason);
}

/** The reason of a refusal; undefined for any other response. */
export function refusalOf(response: object): RequestErrorCode | undefined {
  return refused.get(response);
}

/** Counts refusals by protocol and reason. */
export class RefusalMetrics {
  readonly #listeners = new Set<(protocol: string, reason: string) => void>();
  readonly #total: (labels: Readonly<Record<string, string>>) => NumberSeries;

  constructor(registry: MetricRegistry) {
    this.#total = registry.counter('graylane_refusals_total', 'Refused requests, by protocol and reason.');
  }

  /** Counts a response that was refused; any other response is not. */
  countResponse(protocol: string, response: object): void {
    const reason = refusalOf(response);
    if (reason !== undefined) this.count(protocol, reason);
  }

  /** Calls back with each refusal. Returns a function that ends it. */
  onRefusal(listener: (protocol: string, reason: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  count(protocol: string, reason: string): void {
    for (const listener of this.#listeners) listener(protocol, reason);
    this.#total({ protocol, reason }).add();
  }
}
