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

/**
 * Handles one message in the active OTel context, and reports it. `group` is the consumer group,
 * where the client has named it.
 */
export function reportProcess<T>(topic: string | undefined, group: string | undefined, handle: () => T): T {
  const report = reportCall('messaging.process', context.active(), topic);
  if (report === undefined) return handle();
  report.start({
    ...attributesOf('process', topic),
    ...(group !== undefined && { 'messaging.consumer.group.name': group }),
  });
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
