import { context, type Context } from '@opentelemetry/api';
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { admit } from '../../policy/admit.ts';
import { formatBaggage } from '../../lane/format-baggage.ts';
import { checkIngress, type IngressPolicy } from '../../policy/ingress.ts';
import { getCell } from '../../request/context.ts';
import { replaceBaggage } from './metadata.ts';

/** What may come in with a call. */
export interface GrpcServerOptions {
  readonly ingress: IngressPolicy;
}

/**
 * An interceptor for a server's `interceptors`: handlers of every kind, and all that they are called back for, run in the baggage of
 * their call, as far as the policy admits it. The handler's metadata is a copy that holds no more either.
 */
export function baggageServerInterceptor({ ingress }: GrpcServerOptions): ServerInterceptor {
  checkIngress(ingress);
  return (_method, call) => new BaggageServerCall(call, ingress);
}

type InterceptingServerListener = Parameters<ServerInterceptingCallInterface['start']>[0];

/** The OTel contexts of calls that an interceptor of ours has handed on: the first one that a call meets has decided. */
const admitted = new WeakMap<Metadata, Context>();

class BaggageServerCall extends ServerInterceptingCall {
  readonly #call: ServerInterceptingCallInterface;
  readonly #ingress: IngressPolicy;

  constructor(call: ServerInterceptingCallInterface, ingress: IngressPolicy) {
    super(call);
    this.#call = call;
    this.#ingress = ingress;
  }

  override start(listener: InterceptingServerListener): void {
    let request: Context = context.active();
    // Past our base, whose listener in between has nothing to wait for.
    this.#call.start({
      onReceiveMetadata: (metadata) => {
        const known = admitted.get(metadata);
        request = known ?? admit(metadata.get('baggage').map(String), this.#ingress, request);
        const clean = known ? metadata : withAdmitted(metadata, request);
        context.with(request, () => listener.onReceiveMetadata(clean));
      },
      onReceiveMessage: (message) => context.with(request, () => listener.onReceiveMessage(message)),
      onReceiveHalfClose: () => context.with(request, () => listener.onReceiveHalfClose()),
      onCancel: () => context.with(request, () => listener.onCancel()),
    });
  }
}

/** Instrumentation extracts once more, inside of us, from what the handler is given: it must find what was admitted alone. */
function withAdmitted(metadata: Metadata, request: Context): Metadata {
  const baggage = getCell(request)?.baggage;
  const clean = replaceBaggage(metadata, baggage && formatBaggage(baggage));
  admitted.set(clean, request);
  return clean;
}
