import { checkOptions } from '../../check-options.ts';
import { checkIngress, type IngressPolicy } from '../../policy/ingress.ts';
import { needMethods, undyedEvents } from './client.ts';
import { runBatch, runInMessage, runUndyed, type KafkaBatch, type KafkaMessage } from './messages.ts';
import { overrideMethods } from '../override-methods.ts';
import { reportProcess } from './report-operation.ts';

/**
 * The methods that consumers of kafkajs and @confluentinc/kafka-javascript (its `KafkaJS` API) have
 * in common.
 */
export interface KafkaConsumer {
  run(config?: KafkaRunConfig): Promise<unknown>;
}

/** The handlers given to `run`. */
export interface KafkaRunConfig {
  eachMessage?(this: void, payload: { message: KafkaMessage; topic?: string }): Promise<void>;
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
 * `forEachMessage` runs a handler in that of each. Listeners of the consumer's events run in no
 * lane. The configuration of `run` is copied. A consumer that is wrapped already keeps its policy.
 * @throws {TypeError} if an option is unknown or missing, the policy can't be used, or the consumer
 *   has no `run`.
 */
export function withBaggageConsumer<Consumer extends KafkaConsumer>(
  consumer: Consumer,
  options: KafkaConsumerOptions,
): Consumer {
  checkOptions('withBaggageConsumer', options, { ingress: 'object' }, example);
  const { ingress } = options;
  checkIngress(ingress);
  needMethods('withBaggageConsumer', consumer, ['run'], 'runInMessage(message, { ingress }, handle)');
  if (wrapped.has(consumer)) return consumer;
  const group = groupOf(consumer);
  const run: KafkaConsumer['run'] = (config) => {
    const { eachMessage, eachBatch } = config ?? {};
    const ours: KafkaRunConfig = {
      ...config,
      ...(eachMessage && {
        eachMessage: (payload) =>
          runInMessage(payload.message, { ingress }, () =>
            reportProcess(payload.message, { topic: payload.topic, group: group() }, () =>
              eachMessage(payload),
            ),
          ),
      }),
      ...(eachBatch && {
        eachBatch: (payload) =>
          runBatch(payload.batch, { ingress, group: group() }, () => eachBatch(payload)),
      }),
    };
    // The client's timers and its `restartOnFailure` run where `run` was called.
    return runUndyed(() => consumer.run(ours));
  };
  const ours = overrideMethods(consumer, { run, ...undyedEvents(consumer) } as Partial<Consumer>);
  wrapped.add(ours);
  return ours;
}

/**
 * The consumer group, from kafkajs' event of joining it: no client has a property for it, and
 * confluent's has no such event.
 */
function groupOf(consumer: object): () => string | undefined {
  let group: string | undefined;
  const { on } = consumer as { on?: (event: string, listener: (joined: Joined) => void) => unknown };
  try {
    on?.call(consumer, 'consumer.group_join', ({ payload }) => (group = payload?.groupId));
  } catch {
    // Another client, without such an event: the group stays unknown.
  }
  return () => group;
}

interface Joined {
  readonly payload?: { readonly groupId?: string };
}
