import type { MetricRegistry, NumberSeries } from '@graylane/telemetry/management';

/** The streams that the server serves. */
export type StreamProtocol = 'changes' | 'ofrep' | 'flagd.sync' | 'flagd.events';

/** Open streams, which stand for connected clients, and those that were opened, by protocol. */
export class StreamMetrics {
  readonly #open: (labels: Readonly<Record<string, string>>) => NumberSeries;
  readonly #opened: (labels: Readonly<Record<string, string>>) => NumberSeries;

  constructor(registry: MetricRegistry) {
    this.#open = registry.gauge('graylane_streams', 'Clients that are connected by a stream, by protocol.');
    this.#opened = registry.counter(
      'graylane_streams_opened_total',
      'Streams that were opened, by protocol.',
    );
  }

  opened(protocol: StreamProtocol): void {
    this.#open({ protocol }).add();
    this.#opened({ protocol }).add();
  }

  closed(protocol: StreamProtocol): void {
    this.#open({ protocol }).add(-1);
  }
}
