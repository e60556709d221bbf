import { checkOptions } from '../../check-options.ts';
import { checkIngress, type IngressPolicy } from '../../policy/ingress.ts';
import { policyOfBatch, runInMessage, runUndyed, type KafkaBatch, type KafkaMessage } from './messages.ts';
import { overriding } from '../override-methods.ts';

/**
 * The methods that consumers of kafkajs and @confluentinc/kafka-javascript (its `KafkaJS` API) have
 * in common.
 */
export interface KafkaConsumer {
  run(config?: KafkaRunConfig): Promise<unknown>;
}

/** The handlers given to `run`. */
export interface KafkaRunConfig {
  eachMessage?(this: void, payload: { message: KafkaMessage }): Promise<void>;
  eachBatch?(this: void, payload: { batch: KafkaBatch }): Promise<void>;
}

/** The baggage that may come in with a message. */
export interface KafkaConsumerOptions {
  readonly ingress: IngressPolicy;
}

const wrapped = new WeakSet<KafkaConsumer>();
const example = "withBaggageConsumer(consumer, { ingress: { mode: 'accept', keys: ['lane'] } })";

/**
 * A consumer whose `eachMessage` runs in the baggage of its message, as far as the policy admits
 * it. `eachBatch` runs without baggage, since its messages may carry different lanes;
 * `forEachMessage` runs a handler in that of each. The configuration of `run` is copied. A consumer
 * that is wrapped already keeps its policy.
 * @throws {TypeError} if an option is unknown or missing, or the policy can't be used.
 */
export function withBaggageConsumer<Consumer extends KafkaConsumer>(
  consumer: Consumer,
  options: KafkaConsumerOptions,
): Consumer {
  checkOptions('withBaggageConsumer', options, { ingress: 'object' }, example);
  const { ingress } = options;
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
  const ours = overriding(consumer, { run } as Partial<Consumer>);
  wrapped.add(ours);
  return ours;
}
