/** Sends OTLP in JSON to a server, as services do. */
export interface Exporter {
  metrics(service: string, points: readonly Point[], instance?: string): Promise<void>;
  spans(service: string, spans: readonly Span[], resource?: Values): Promise<void>;
}

type Values = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** A data point of a sum or, with `counts`, of a histogram in seconds. */
export interface Point {
  readonly name: string;
  readonly attributes: Values;
  readonly value?: number;
  readonly bounds?: readonly number[];
  readonly counts?: readonly number[];
  /** Default: delta. */
  readonly cumulative?: boolean;
  readonly startMs?: number;
  readonly timeMs?: number;
}

/** A span; ids are padded to their length. */
export interface Span {
  readonly trace: string;
  readonly id: string;
  readonly parent?: string;
  readonly name?: string;
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly failed?: boolean;
  readonly startMs?: number;
  readonly seconds?: number;
  readonly attributes?: Values;
}

const kinds = ['', 'internal', 'server', 'client', 'producer', 'consumer'];

/** Exports to the environment `default` of a server. */
export function exporterTo(url: string): Exporter {
  const post = async (path: string, body: object): Promise<void> => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await response.text();
    if (response.status !== 200 || text !== '{}') throw new Error(`${response.status}: ${text}`);
  };
  return {
    metrics: async (service, points, instance = `${service}-1`) => {
      const metrics = points.map(metricOf);
      const resource = { attributes: pairs({ 'service.name': service, 'service.instance.id': instance }) };
      await post('/v1/metrics', { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] });
    },
    spans: async (service, spans, resource = {}) => {
      const attributes = pairs({ 'service.name': service, ...resource });
      const scopeSpans = [{ spans: spans.map(spanOf) }];
      await post('/v1/traces', { resourceSpans: [{ resource: { attributes }, scopeSpans }] });
    },
  };
}

function metricOf({
  name,
  attributes,
  value,
  bounds,
  counts,
  cumulative = false,
  startMs,
  timeMs,
}: Point): object {
  const point = {
    startTimeUnixNano: nanoseconds(startMs ?? Date.now() - 1000),
    timeUnixNano: nanoseconds(timeMs ?? Date.now()),
    attributes: pairs(attributes),
  };
  const aggregationTemporality = cumulative ? 2 : 1;
  if (counts === undefined) {
    const dataPoints = [{ ...point, asInt: value }];
    return { name, sum: { aggregationTemporality, isMonotonic: true, dataPoints } };
  }
  const count = counts.reduce((sum, one) => sum + one, 0);
  const dataPoints = [{ ...point, count, bucketCounts: counts, explicitBounds: bounds }];
  return { name, unit: 's', histogram: { aggregationTemporality, dataPoints } };
}

function spanOf({
  trace,
  id,
  parent,
  name = id,
  kind,
  failed = false,
  startMs,
  seconds = 0.1,
  attributes = {},
}: Span) {
  const start = startMs ?? Date.now();
  return {
    traceId: hex(trace, 32),
    spanId: hex(id, 16),
    ...(parent === undefined ? {} : { parentSpanId: hex(parent, 16) }),
    name,
    kind: kinds.indexOf(kind),
    startTimeUnixNano: nanoseconds(start),
    endTimeUnixNano: nanoseconds(start + seconds * 1000),
    status: failed ? { code: 2 } : {},
    attributes: pairs(attributes),
  };
}

/** The id of a trace or span with a readable name. */
export function hex(name: string, length: number): string {
  return Buffer.from(name).toString('hex').padEnd(length, '0').slice(0, length);
}

function pairs(values: Values): object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: valueOf(value) }));
}

function valueOf(value: Values[string]): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number')
    return Number.isInteger(value) ? { intValue: value } : { doubleValue: value };
  return { arrayValue: { values: value.map((one) => ({ stringValue: one })) } };
}

function nanoseconds(ms: number): string {
  return `${Math.trunc(ms)}000000`;
}
