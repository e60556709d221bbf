import { context, type Context } from '@opentelemetry/api';
import { reportCall, type CallAttributes } from '../../call-listener.ts';

/**
 * Sends messages to topics, and reports the operation until the broker has acknowledged it. `send`
 * gets the OTel context to send in.
 */
export function reportSend<T>(
  active: Context,
  topics: readonly string[],
  send: (otelContext: Context) => T,
): T {
  const report = reportCall('messaging.client.operation', active, topics.join());
  if (report === undefined) return send(active);
  const [topic, ...others] = new Set(topics);
  report.start(attributesOf('send', others.length === 0 ? topic : undefined));
  return report.track(() => send(report.inside(active)));
}

/** Where a message comes from. */
export interface MessageOrigin {
  readonly topic: string | undefined;
  /** The consumer group, where the client has named it. */
  readonly group: string | undefined;
}

/** Handles one message in the active OTel context, and reports it. */
export function reportProcess<T>(message: object, { topic, group }: MessageOrigin, handle: () => T): T {
  const report = reportCall('messaging.process', context.active(), topic);
  if (report === undefined) return handle();
  const attributes = {
    ...attributesOf('process', topic),
    ...(group !== undefined && { 'messaging.consumer.group.name': group }),
  };
  report.start(attributes, message);
  return report.track(handle);
}

function attributesOf(operation: 'send' | 'process', topic: string | undefined): CallAttributes {
  return {
    'messaging.system': 'kafka',
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
    ...(topic !== undefined && { 'messaging.destination.name': topic }),
  };
}
