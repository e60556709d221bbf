import { context, type Context, type Span } from '@opentelemetry/api';
import { isManagementRequest } from '../management/management-server.ts';
import { logFields } from '../logs/log-fields.ts';
import { messageHook } from '../signals/message-hook.ts';
import { routeHook } from '../routes/route-hook.ts';
import type { LoadDependency } from './exporters.ts';
import type { Peers } from './peers.ts';

interface Available {
  readonly name: string;
  readonly className: string;
  /**
   * The library that the instrumentation is for; without it, a missing instrumentation is not
   * reported.
   */
  readonly library?: string;
  readonly options?: object;
}

/** An instrumentation that was made, and its short name. */
export interface Instrumentation {
  readonly name: string;
  readonly instance: object;
}

type Constructors = Readonly<Record<string, new (options?: object) => object>>;

/**
 * Makes the instrumentations that are installed. One that is missing, although its library is
 * there, is noted by the peers.
 */
export function instrumentations(peers: Peers, load: LoadDependency): Instrumentation[] {
  const fields = logFields();
  const logHook = (_span: Span, record: Record<string, unknown>): void => {
    for (const [key, value] of Object.entries(fields())) record[key] ??= value;
  };
  const available: readonly Available[] = [
    {
      name: 'http',
      className: 'HttpInstrumentation',
      options: {
        responseHook: routeHook,
        ignoreIncomingRequestHook: isManagementRequest,
        ignoreOutgoingRequestHook: exporting(load),
      },
    },
    { name: 'undici', className: 'UndiciInstrumentation' },
    { name: 'grpc', className: 'GrpcInstrumentation', library: '@grpc/grpc-js' },
    {
      name: 'kafkajs',
      className: 'KafkaJsInstrumentation',
      library: 'kafkajs',
      options: { consumerHook: messageHook },
    },
    { name: 'pino', className: 'PinoInstrumentation', library: 'pino', options: { logHook } },
    { name: 'winston', className: 'WinstonInstrumentation', library: 'winston', options: { logHook } },
    {
      name: 'runtime-node',
      className: 'RuntimeNodeInstrumentation',
      library: '@opentelemetry/instrumentation-runtime-node',
    },
  ];
  return available.flatMap(({ name, className, library, options }) => {
    const instrumented = `@opentelemetry/instrumentation-${name}`;
    if (library !== undefined && !peers.has(library)) return [];
    const exports = peers.load(instrumented) as Constructors | undefined;
    const constructor = exports?.[className];
    return constructor ? [{ name, instance: new constructor(options) }] : [];
  });
}

/**
 * Whether the active OTel context is an exporter's. Its requests have no span, but would have a
 * duration, with the lane of the request that started the batch.
 */
function exporting(load: LoadDependency): () => boolean {
  const { isTracingSuppressed } = load('@opentelemetry/core') as {
    isTracingSuppressed: (otelContext: Context) => boolean;
  };
  return () => isTracingSuppressed(context.active());
}
