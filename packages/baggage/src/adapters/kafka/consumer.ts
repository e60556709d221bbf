import { checkIngress, type IngressPolicy } from '../../policy/ingress.ts';
import { policyOfBatch, runInMessage, runUndyed, type KafkaBatch, type KafkaMessage } from './messages.ts';
import { overrideMethods } from '../override-methods.ts';

/** What kafkajs and @confluentinc/kafka-javascript (its `KafkaJS` API) have in common of a consumer. */
export interface KafkaConsumer {
  run(config?: KafkaRunConfig): Promise<unknown>;
}

/** The handlers given to `run`. */
export interface KafkaRunConfig {
  eachMessage?(this: void, payload: { message: KafkaMessage }): Promise<void>;
  eachBatch?(this: void, payload: { batch: KafkaBatch }): Promise<void>;
}

/** What may come in with a message. */
export interface KafkaConsumerOptions {
  readonly ingress: IngressPolicy;
}

const wrapped = new WeakSet<KafkaConsumer>();

/**
 * A consumer whose `eachMessage` runs in the baggage of its message, as far as the policy admits it. `eachBatch` runs in none,
 * whatever its messages carry; `forEachMessage` gives each its own. The configuration of `run` is copied.
 * A consumer that is wrapped already keeps the policy that it has.
 */
export function withBaggageConsumer<Consumer extends KafkaConsumer>(
  consumer: Consumer,
  { ingress }: KafkaConsumerOptions,
): Consumer {
  checkIngress(ingress);
  if (wrapped.has(consumer)) return consumer;
  const run: KafkaConsumer['run'] = (config) => {
    const { eachMessage, eachBatch } = config ?? {};
    return consumer.run({
      ...config,
      ...(eachMessage && {
        eachMessage: (payload) => runInMessage(payload.message, { ingress }, () => eachMessage(payload)),
      }),
      ...(eachBatch && {
        eachBatch: (payload) => {
          policyOfBatch.set(payload.batch, ingress);
          return runUndyed(() => eachBatch(payload));
        },
      }),
    });
  };
  const ours = overrideMethods(consumer, { run } as Partial<Consumer>);
  wrapped.add(ours);
  return ours;
}
