import type { Span } from '@opentelemetry/api';

/** The spans of messages that a consumer has read; the clients make an object for each. */
const spans = new WeakMap<object, Span>();

/**
 * A `consumerHook` for OpenTelemetry's kafkajs instrumentation: in `eachBatch` it begins the spans
 * of all messages before one is handled. `forEachMessage` gives each its lane.
 *
 *     new KafkaJsInstrumentation({ consumerHook: messageHook });
 */
export function messageHook(span: Span, { message }: { readonly message: object }): void {
  spans.set(message, span);
}

/** The span of a message, if the hook has seen it. */
export function spanOfMessage(message: object): Span | undefined {
  return spans.get(message);
}
