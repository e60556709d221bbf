import { context } from '@opentelemetry/api';
import { findMember } from '../../codec/parse.ts';
import { count } from '../../counters.ts';
import { admit, admitInto } from '../../policy/admit.ts';
import { compiledIngress, type IngressPolicy } from '../../policy/ingress.ts';
import { warnOnce } from '../../report.ts';
import type { RequestCell } from '../../request/cell.ts';
import { getCell } from '../../request/context.ts';
import { readBaggage, type KafkaHeaders } from './headers.ts';
import { reportProcess } from './report-operation.ts';

/** An object with headers: a message of any client, a row of an outbox. */
export interface KafkaMessage {
  /** Absent or null: the message has no baggage. */
  readonly headers?: KafkaHeaders | null | undefined;
}

/** An object with messages: a batch of kafkajs or confluent, an array of rows. */
export interface KafkaBatch<Message extends KafkaMessage = KafkaMessage> {
  readonly messages: readonly Message[];
  /** Names the topic in measurements and logs. */
  readonly topic?: string;
}

/** The consumer that a batch comes from: its policy, and its group where the client names it. */
interface BatchOrigin {
  readonly ingress: IngressPolicy;
  readonly group: string | undefined;
  /** Whether the handler has run code in the baggage of a message. */
  hasOpenedMessages: boolean;
}

/** The origins of the batches that wrapped consumers passed to handlers, by batch and by cell. */
const originOfBatch = new WeakMap<object, BatchOrigin>();
const originOfCell = new WeakMap<RequestCell, BatchOrigin>();

/**
 * Calls the handler of a batch in no lane, since its messages may carry different ones. A handler
 * that runs in the baggage of no message has handled all of them in baseline: that is reported.
 */
export async function runBatch(
  batch: KafkaBatch,
  { ingress, group }: Pick<BatchOrigin, 'ingress' | 'group'>,
  handler: () => Promise<void>,
): Promise<void> {
  const origin: BatchOrigin = { ingress, group, hasOpenedMessages: false };
  originOfBatch.set(batch, origin);
  await runUndyed(() => {
    const cell = getCell(context.active());
    if (cell) originOfCell.set(cell, origin);
    return handler();
  });
  if (!origin.hasOpenedMessages) reportUnread(batch, ingress);
}

function reportUnread({ messages, topic }: KafkaBatch, ingress: IngressPolicy): void {
  const { mode, laneKey, admitsLane, logger } = compiledIngress(ingress);
  if (mode !== 'verify' && !admitsLane) return;
  const dyed = messages.filter(({ headers }) =>
    readBaggage(headers).some((header) => findMember(header, laneKey) !== undefined),
  ).length;
  if (dyed === 0) return;
  count('unadmitted', dyed);
  warnOnce(
    'unread batch',
    () =>
      `a batch of topic "${topic}" had messages with a lane, and eachBatch handled them in baseline: pass each to forEachMessage(batch, handler), or to runInMessage`,
    logger,
  );
}

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
  if (origin) origin.hasOpenedMessages = true;
  const ingress = options.ingress ?? origin?.ingress ?? ({ mode: 'strip' } as const);
  for (const message of batch.messages) {
    const handle = (): unknown => handler(message);
    const { topic } = batch;
    const observed = origin ? () => reportProcess(message, { topic, group: origin.group }, handle) : handle;
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
  const origin = cell && originOfCell.get(cell);
  if (origin) origin.hasOpenedMessages = true;
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
