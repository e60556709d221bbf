import { context, type Context } from '@opentelemetry/api';
import { InterceptingCall, type InterceptingListener, type Interceptor } from '@grpc/grpc-js';
import { reportCall, type CallReport } from '../../call-listener.ts';
import { checkOptions } from '../../check-options.ts';
import { emit } from '../../policy/emit.ts';
import { checkEgress, type EgressPolicy } from '../../policy/egress.ts';
import { callAttributes, clientEnd } from './call-attributes.ts';
import { grpcDestination } from './destination.ts';
import { replaceBaggage } from './metadata.ts';

/**
 * The baggage that may leave, and to which servers: `{ to: { 'grpc://payments:50051': ['lane'] }
 * }`.
 */
export interface GrpcClientOptions {
  readonly egress: EgressPolicy;
  /**
   * Where the calls end, `grpc://host:port`, for a channel whose target does not name it: `unix:`,
   * `xds:`, a resolver of your own, an HTTP proxy. It is not checked, so use such an interceptor
   * for one client only. Default: the channel's target.
   */
  readonly destination?: string;
}

/**
 * An interceptor for a client's `interceptors`, whose calls of every kind carry the baggage of the
 * active request that the server may see: one `baggage` entry, or none for a server that the policy
 * does not name. It replaces an entry that the metadata has. Metadata is copied. Put it last, so
 * that it runs after the interceptors that choose metadata.
 * @throws {TypeError} if an option is unknown or missing, or the policy can't be used.
 */
export function baggageClientInterceptor(options: GrpcClientOptions): Interceptor {
  checkOptions('baggageClientInterceptor', options, { egress: 'object?', destination: 'string?' }, example);
  const { egress, destination } = options ?? {};
  checkEgress(egress);
  return (callOptions, nextCall) => {
    // Interceptors before this one may start the call in another OTel context, e.g. once a token
    // arrives.
    const caller = context.active();
    const { path } = callOptions.method_definition;
    const report = reportCall('rpc.client.call', caller, path);
    const call = report
      ? context.with(report.inside(caller), () => nextCall(callOptions))
      : nextCall(callOptions);
    // Before a call has started, `getPeer` returns its channel's target instead of an address.
    const to = destination ?? grpcDestination(call.getPeer());
    return new InterceptingCall(call, {
      start: (metadata, listener, next) => {
        report?.start(callAttributes(path, to));
        next(replaceBaggage(metadata, to && emit(caller, egress, to)), inContext(caller, listener, report));
      },
    });
  };
}

const example = "baggageClientInterceptor({ egress: { to: { 'grpc://payments:50051': ['lane'] } } })";

/**
 * The listener, called in this OTel context. grpc-js would call the listeners of calls that wait
 * for a connection in the context of the call that opened it. The call itself calls a listener that
 * takes no `next`, without a listener of grpc-js in between.
 */
function inContext(
  otelContext: Context,
  listener: InterceptingListener,
  report: CallReport | undefined,
): InterceptingListener {
  return {
    onReceiveMetadata: (metadata) => context.with(otelContext, () => listener.onReceiveMetadata(metadata)),
    onReceiveMessage: (message) => context.with(otelContext, () => listener.onReceiveMessage(message)),
    onReceiveStatus: (status) => {
      report?.end(clientEnd(status.code));
      context.with(otelContext, () => listener.onReceiveStatus(status));
    },
  };
}
