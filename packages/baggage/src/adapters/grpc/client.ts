import { context, type Context } from '@opentelemetry/api';
import { InterceptingCall, type InterceptingListener, type Interceptor } from '@grpc/grpc-js';
import { emit } from '../../policy/emit.ts';
import { checkEgress, type EgressPolicy } from '../../policy/egress.ts';
import { grpcDestination } from './destination.ts';
import { replaceBaggage } from './metadata.ts';

/** What may leave, and to which servers: `{ to: { 'grpc://payments:50051': ['lane'] } }`. */
export interface GrpcClientOptions {
  readonly egress: EgressPolicy;
  /**
   * Where the calls end, `grpc://host:port`, for a channel whose target doesn't say: `unix:`, `xds:`, a resolver of your own, an HTTP
   * proxy. It is believed, so an interceptor that has it belongs to one client alone. Default: the channel's target.
   */
  readonly destination?: string;
}

/**
 * An interceptor for a client's `interceptors`, whose calls of every kind carry what the active request may tell the server: one
 * `baggage` entry, or none for a server that the policy doesn't name. An entry that was there is replaced. Metadata is copied.
 * Put it last, so that it is asked after the interceptors that choose metadata.
 */
export function baggageClientInterceptor({ egress, destination }: GrpcClientOptions): Interceptor {
  checkEgress(egress);
  return (options, nextCall) => {
    // Interceptors before this one may start the call from elsewhere: from the queue behind a token, say.
    const caller = context.active();
    const call = nextCall(options);
    // A call that has not started knows no address yet, and names its channel's target instead.
    const to = destination ?? grpcDestination(call.getPeer());
    return new InterceptingCall(call, {
      start: (metadata, listener, next) => {
        next(replaceBaggage(metadata, to && emit(caller, egress, to)), inContext(caller, listener));
      },
    });
  };
}

/**
 * The listener, called in this OTel context. Calls that wait for a connection would hear of it in that of whoever opened it. One that
 * takes no `next` is called by the call itself, with no listener of grpc-js in between.
 */
function inContext(otelContext: Context, listener: InterceptingListener): InterceptingListener {
  return {
    onReceiveMetadata: (metadata) => context.with(otelContext, () => listener.onReceiveMetadata(metadata)),
    onReceiveMessage: (message) => context.with(otelContext, () => listener.onReceiveMessage(message)),
    onReceiveStatus: (status) => context.with(otelContext, () => listener.onReceiveStatus(status)),
  };
}
