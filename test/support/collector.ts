import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

type Attributes = Readonly<Record<string, unknown>>;

/** A span, as a service exported it. */
export interface CollectedSpan {
  readonly service: string;
  readonly name: string;
  /** As in OTLP: 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly traceId: string;
  readonly attributes: Attributes;
}

/** A log record, as a service exported it. */
export interface CollectedLog {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly attributes: Attributes;
}

/** A series of a histogram: the newest of its cumulative points. */
export interface CollectedSeries {
  readonly service: string;
  readonly scope: string;
  readonly name: string;
  readonly attributes: Attributes;
  readonly count: number;
  readonly sum: number;
}

/** An OpenTelemetry collector for OTLP over HTTP with JSON. */
export interface Collector {
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  readonly logs: readonly CollectedLog[];
  series(): readonly CollectedSeries[];
  close(): Promise<void>;
}

/** Starts a collector on a free port of loopback. */
export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const logs: CollectedLog[] = [];
  const series = new Map<string, CollectedSeries>();
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      const { resourceSpans = [], resourceLogs = [], resourceMetrics = [] } = body as Export;
      for (const span of eachOf(resourceSpans, ({ spans: all = [] }) => all)) spans.push(span);
      for (const log of eachOf(resourceLogs, ({ logRecords = [] }) => logRecords))
        logs.push({ ...log, name: log.eventName ?? log.name });
      for (const metric of eachOf(resourceMetrics, ({ metrics = [] }) => metrics)) {
        for (const { attributes = [], count, sum = 0 } of metric.histogram?.dataPoints ?? []) {
          const point = { ...metric, attributes: record(attributes), count: Number(count) };
          const { service, scope, name } = point;
          const key = JSON.stringify([service, scope, name, point.attributes]);
          series.set(key, { service, scope, name, attributes: point.attributes, count: point.count, sum });
        }
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    logs,
    series: () => [...series.values()],
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The parts of OTLP's JSON that the collector reads. */
interface Export {
  readonly resourceSpans?: readonly Resource[];
  readonly resourceLogs?: readonly Resource[];
  readonly resourceMetrics?: readonly Resource[];
}

interface Resource {
  readonly resource?: { readonly attributes?: readonly KeyValue[] };
  readonly scopeSpans?: readonly Scope[];
  readonly scopeLogs?: readonly Scope[];
  readonly scopeMetrics?: readonly Scope[];
}

interface Scope {
  readonly scope?: { readonly name?: string };
  readonly spans?: readonly Item[];
  readonly logRecords?: readonly Item[];
  readonly metrics?: readonly Item[];
}

interface Item {
  readonly name?: string;
  readonly eventName?: string;
  readonly kind?: number;
  readonly traceId?: string;
  readonly attributes?: readonly KeyValue[];
  readonly histogram?: {
    readonly dataPoints: readonly {
      readonly attributes?: readonly KeyValue[];
      readonly count: number | string;
      readonly sum?: number;
    }[];
  };
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

function eachOf(resources: readonly Resource[], itemsOf: (scope: Scope) => readonly Item[]) {
  return resources.flatMap(({ resource, scopeSpans, scopeLogs, scopeMetrics }) => {
    const service = String(record(resource?.attributes ?? [])['service.name']);
    return [...(scopeSpans ?? []), ...(scopeLogs ?? []), ...(scopeMetrics ?? [])].flatMap((scoped) =>
      itemsOf(scoped).map((item) => ({
        ...item,
        service,
        scope: scoped.scope?.name ?? '',
        name: item.name ?? '',
        kind: item.kind ?? 0,
        traceId: item.traceId ?? '',
        attributes: record(item.attributes ?? []),
      })),
    );
  });
}

function record(attributes: readonly KeyValue[]): Attributes {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
