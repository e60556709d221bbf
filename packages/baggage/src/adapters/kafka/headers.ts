import { context, type Context } from '@opentelemetry/api';
import { emit } from '../../policy/emit.ts';
import type { EgressPolicy } from '../../policy/egress.ts';
import { hasHeadersSet } from '../../request/hidden-baggage.ts';

/**
 * The headers of a message: a record whose values are strings, Buffers or arrays of them (kafkajs,
 * confluent), or a `Map` whose keys and values are strings or Buffers (@platformatic/kafka).
 */
export type KafkaHeaders = Readonly<Record<string, unknown>> | ReadonlyMap<unknown, unknown>;

/**
 * A copy of `headers` whose only `baggage` header is the baggage of the active request that `topic`
 * may see; without baggage, the copy has no such header. For senders that `withBaggageProducer`
 * can't wrap, e.g. a client with another interface or the row of an outbox.
 */
export function baggageHeaders(
  topic: string,
  options: { readonly egress: EgressPolicy },
): Record<string, string>;
export function baggageHeaders<Headers extends KafkaHeaders>(
  topic: string,
  options: { readonly egress: EgressPolicy },
  headers: Headers,
): Headers;
export function baggageHeaders(
  topic: string,
  { egress }: { readonly egress: EgressPolicy },
  headers?: KafkaHeaders,
): KafkaHeaders {
  return dyedHeaders(context.active(), egress, kafkaDestination(topic))(headers);
}

/**
 * Returns a function that copies the headers of messages to a destination. Inside of an adapter
 * that has set the `baggage` of this destination, they stay as they are.
 */
export function dyedHeaders(
  otelContext: Context,
  egress: EgressPolicy,
  destination: string,
): (headers: KafkaHeaders | null | undefined) => KafkaHeaders {
  if (hasHeadersSet(otelContext, destination)) return copyOf;
  const baggage = emit(otelContext, egress, destination);
  return (headers) => replaceBaggage(headers, baggage);
}

/** The name of a topic in an egress policy. */
export function kafkaDestination(topic: string): string {
  return `kafka:${topic}`;
}

/** The values of all `baggage` headers, in order, but those that are neither strings nor bytes. */
export function readBaggage(headers: KafkaHeaders | null | undefined): string[] {
  if (isMap(headers))
    return [...headers].flatMap(([key, value]) => (text(key) === 'baggage' ? texts(value) : []));
  return texts(headers?.['baggage']);
}

function copyOf(headers: KafkaHeaders | null | undefined): KafkaHeaders {
  return isMap(headers) ? new Map(headers) : { ...headers };
}

/** A copy of `headers` that has `value` as its only `baggage` header, or none. */
export function replaceBaggage(
  headers: KafkaHeaders | null | undefined,
  value: string | undefined,
): KafkaHeaders {
  return isMap(headers) ? replaceInMap(headers, value) : replaceInRecord(headers, value);
}

function replaceInRecord(
  headers: Readonly<Record<string, unknown>> | null | undefined,
  value: string | undefined,
) {
  // In front of the others, then set: adding a key to a copy takes ten times as long.
  const copy: Record<string, unknown> = value === undefined ? { ...headers } : { baggage: value, ...headers };
  for (const key of Object.keys(copy)) {
    if (isStale(key) && (key !== 'baggage' || value === undefined)) delete copy[key];
  }
  if (value !== undefined) copy['baggage'] = value;
  return copy;
}

function replaceInMap(headers: ReadonlyMap<unknown, unknown>, value: string | undefined) {
  const copy = new Map([...headers].filter(([key]) => !isStale(text(key))));
  // Without a serializer, the client accepts bytes only, so a map that has bytes gets bytes.
  const bytes = [...headers.keys()].some((key) => key instanceof Uint8Array);
  if (value !== undefined)
    copy.set(bytes ? Buffer.from('baggage') : 'baggage', bytes ? Buffer.from(value) : value);
  return copy;
}

/**
 * Kafka's header names are case-sensitive, but a bridge from HTTP may have written another case,
 * and a consumer may read it.
 */
function isStale(key: string | undefined): boolean {
  return key?.toLowerCase() === 'baggage';
}

/** Clients repeat a header as an array of values; deeper arrays, and cyclic ones, are left out. */
const maxNesting = 3;

function texts(value: unknown, nesting = 0): string[] {
  if (Array.isArray(value))
    return nesting < maxNesting ? value.flatMap((item) => texts(item, nesting + 1)) : [];
  const one = text(value);
  return one === undefined ? [] : [one];
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (Buffer.isBuffer(value)) return value.toString();
  if (!(value instanceof Uint8Array)) return undefined;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString();
}

function isMap(headers: KafkaHeaders | null | undefined): headers is ReadonlyMap<unknown, unknown> {
  return headers instanceof Map;
}
