import type { MetricRegistry, NumberSeries } from '@graylane/telemetry/management';
import type { RequestErrorCode } from '../model/request-error.ts';

const refused = new WeakMap<object, RequestErrorCode>();

/** Keeps the reason of a refusal with its response, until the response is counted. */
export function noteRefusal(response: object, reason: RequestErrorCode): void {
  refused.set(response, reason);
}

/** Counts refusals by protocol and reason. */
export class RefusalMetrics {
  readonly #total: (labels: Readonly<Record<string, string>>) => NumberSeries;

  constructor(registry: MetricRegistry) {
    this.#total = registry.counter('graylane_refusals_total', 'Refused requests, by protocol and reason.');
  }

  /** Counts a response that was refused; any other response is not. */
  countResponse(protocol: string, response: object): void {
    const reason = refused.get(response);
    if (reason !== undefined) this.count(protocol, reason);
  }

  count(protocol: string, reason: string): void {
    this.#total({ protocol, reason }).add();
  }
}
