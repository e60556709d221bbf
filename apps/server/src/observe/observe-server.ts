import type { SlowReaders } from '../backpressure/slow-readers.ts';
import type { Readiness } from '../http/health.ts';
import type { Descriptors } from '../http/port/descriptors.ts';
import type { ServerMetrics } from '../metrics/server-metrics.ts';
import { observeStores } from '../metrics/store-metrics.ts';
import type { EventStreams } from '../sse/event-streams.ts';
import type { Environments } from '../store/environments.ts';
import type { UsageKeeper } from '../usage/usage-keeper.ts';

/** The parts whose state is read at each scrape. */
export interface ObservedParts {
  readonly environments: Environments;
  readonly streams: EventStreams;
  readonly readers: SlowReaders;
  readonly descriptors: Descriptors;
  readonly readiness: Readiness;
  readonly metrics: ServerMetrics;
  readonly usage: UsageKeeper;
  /** The kind of source: `data`, `flags` or another one. */
  readonly source: string;
}

/**
 * Records what the parts of a server know: environments and their stores, connections, bytes that
 * wait for slow clients, and readiness. Returns a function that ends this.
 */
export function observeServer(parts: ObservedParts): () => void {
  const { environments, streams, readers, descriptors, readiness, usage, source } = parts;
  const { registry, evaluations } = parts.metrics;
  const ready = registry.gauge('graylane_ready', 'Whether the server accepts requests (1).');
  const connections = registry.gauge('graylane_connections', 'Open connections of clients.');
  const room = registry.gauge('graylane_connections_limit', 'Connections that fit the limit of open files.');
  const backlog = registry.gauge(
    'graylane_backlog_bytes',
    'Bytes in memory that wait for slow clients, of streams and of other responses.',
  );
  const ends = [
    evaluations.follow(environments, (protocol, store) => usage.of(store)?.[protocol]),
    observeStores(environments, source, registry),
    registry.onCollect(() => {
      ready().set(readiness.ready ? 1 : 0);
      connections().set(descriptors.use.open);
      room().set(descriptors.use.limit);
      backlog({ of: 'streams' }).set(streams.backlogBytes);
      backlog({ of: 'responses' }).set(readers.backlogBytes);
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}
