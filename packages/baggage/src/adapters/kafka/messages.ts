import { context } from '@opentelemetry/api';
import { admit } from '../../policy/admit.ts';
import type { IngressPolicy } from '../../policy/ingress.ts';
import { readBaggage, type KafkaHeaders } from './headers.ts';

/** An object with headers: a message of any client, a row of an outbox. */
export interface KafkaMessage {
  readonly headers?: KafkaHeaders | null | undefined;
}

/** An object with messages: a batch of kafkajs or confluent, an array of rows. */
export interface KafkaBatch<Message extends KafkaMessage = KafkaMessage> {
  readonly messages: readonly Message[];
}

/** The policies of the batches that wrapped consumers passed to handlers. */
export const policyOfBatch: WeakMap<object, IngressPolicy> = new WeakMap();

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
  { ingress = policyOfBatch.get(batch) ?? { mode: 'strip' } }: { readonly ingress?: IngressPolicy } = {},
): Promise<void> {
  for (const message of batch.messages) {
    if ((await runInMessage(message, { ingress }, () => handler(message))) === false) return;
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
  return context.with(admit(readBaggage(message.headers), ingress, context.active()), fn);
}

/** Calls `fn` in no request's baggage, even if the code that started the consumer ran in one. */
export function runUndyed<T>(fn: () => T): T {
  return context.with(admit([], { mode: 'strip' }, context.active()), fn);
}
