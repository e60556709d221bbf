import { cutText } from '../../signals/cut-text.ts';
import type { SpanKind, SpanRecord } from '../../signals/span-record.ts';
import type { Attributes } from '../../signals/source.ts';

/** A span, as far as the map and the list of traces show it. */
export interface Hop {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly service: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startMs: number;
  readonly endMs: number;
  readonly failed: boolean;
  readonly transport: 'http' | 'grpc' | 'messaging' | 'other';
  /** The lane of the request; undefined if the service does not show it. */
  readonly lane: string | undefined;
  /** Whether this service dyed the request. */
  readonly isDyed: boolean;
  /** The lane for which this instance runs, from its resource; undefined for all lanes. */
  readonly instanceLane: string | undefined;
  /** The pins of the request, e.g. `fees=on`. */
  readonly pins: readonly string[];
  /** The server that a client calls, e.g. `api.stripe.com`. */
  readonly peer: string | undefined;
}

const maxText = 200;

/** Reads a span; its other attributes are not kept. */
export function hopOf(span: SpanRecord): Hop {
  const { traceId, spanId, parentSpanId, source, name, kind, startMs, endMs, failed, attributes } = span;
  const pins = attributes.get('graylane.pins');
  return {
    traceId,
    spanId,
    parentSpanId,
    service: cutText(source.service, maxText),
    name: cutText(name, maxText),
    kind,
    startMs,
    endMs,
    failed,
    transport: transportOf(attributes),
    lane: text(attributes, 'lane'),
    isDyed: attributes.get('graylane.dyed') === true,
    instanceLane: text(source.resource, 'lane'),
    pins: Array.isArray(pins) ? pins.slice(0, 20).map((pin) => cutText(String(pin), maxText)) : [],
    peer: text(attributes, 'server.address') ?? text(attributes, 'messaging.destination.name'),
  };
}

/** Whether a hop serves a call of another service. */
export function isServed({ kind }: Hop): boolean {
  return kind === 'server' || kind === 'consumer';
}

function transportOf(attributes: Attributes): Hop['transport'] {
  if (attributes.has('rpc.system') || attributes.has('rpc.system.name')) return 'grpc';
  if (attributes.has('messaging.system')) return 'messaging';
  return attributes.has('http.request.method') || attributes.has('http.method') ? 'http' : 'other';
}

function text(attributes: Attributes, key: string): string | undefined {
  const value = attributes.get(key);
  return typeof value === 'string' ? cutText(value, maxText) : undefined;
}
