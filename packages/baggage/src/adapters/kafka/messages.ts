import { context } from '@opentelemetry/api';
import { admit, admitInto } from '../../policy/admit.ts';
import type { IngressPolicy } from '../../policy/ingress.ts';
import { getCell } from '../../request/context.ts';
import { readBaggage, type KafkaHeaders } from './headers.ts';
import { reportProcess } from './report-operation.ts';

/** An object with headers: a message of any client, a row of an outbox. */
export interface KafkaMessage {
  readonly headers?: KafkaHeaders | null | undefined;
}

/** An object with messages: a batch of kafkajs or confluent, an array of rows. */
export interface KafkaBatch<Message extends KafkaMessage = KafkaMessage> {
  readonly messages: readonly Message[];
  readonly topic?: string;
}

/** The consumer that a batch comes from: its policy, and its group where the client names it. */
export interface BatchOrigin {
  readonly ingress: IngressPolicy;
  readonly group: string | undefined;
}

/** The origins of the batches that wrapped consumers passed to handlers. */
export const originOfBatch: WeakMap<object, BatchOrigin> = new WeakMap();

/**
 * Calls `handler` with one message after the other, each in its own baggage, and waits for each. If
 * the handler returns `false`, the loop ends; if it throws, the loop ends with its error, so that
 * the client's own retry applies.
 *
 * Applies the policy of the wrapped consumer. For a batch of any other consumer pass a policy;
 * without one, no baggage is admitted.
 */
export async function forEachMessage<Message extends KafkaMessage>(
  batch: KafkaBatch<Message>,
  handler: (message: Message) => unknown,
  options: { readonly ingress?: IngressPolicy } = {},
): Promise<void> {
  const origin = originOfBatch.get(batch);
  const ingress = options.ingress ?? origin?.ingress ?? ({ mode: 'strip' } as const);
  for (const message of batch.messages) {
    const handle = (): unknown => handler(message);
    const observed = origin ? () => reportProcess(batch.topic, origin.group, handle) : handle;
    if ((await runInMessage(message, { ingress }, observed)) === false) return;
  }
}

/**
 * Calls `fn` in the baggage of one message, as far as the policy admits it, and returns what it
 * returns.
 */
export function runInMessage<T>(
  message: KafkaMessage,
  { ingress }: { readonly ingress: IngressPolicy },
  fn: () => T,
): T {
  const active = context.active();
  const headers = readBaggage(message.headers);
  const cell = getCell(active);
  // Instrumentation has begun the span of this message with the cell: the span must see its lane.
  if (cell && message.headers && cell.carrier === message.headers) {
    cell.carrier = undefined;
    cell.isClaimed = true;
    admitInto(cell, headers, ingress);
    return context.with(active, fn);
  }
  return context.with(admit(headers, ingress, active), fn);
}

/** Calls `fn` in no request's baggage, even if the code that started the consumer ran in one. */
export function runUndyed<T>(fn: () => T): T {
  return context.with(admit([], { mode: 'strip' }, context.active()), fn);
}
