import { context, type Context } from '@opentelemetry/api';
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { checkOptions } from '../../check-options.ts';
import { admit } from '../../policy/admit.ts';
import { formatBaggage } from '../../lane/format-baggage.ts';
import { checkIngress, type IngressPolicy } from '../../policy/ingress.ts';
import { admittedCarriers, getCell, runExtractedAgain } from '../../request/context.ts';
import { replaceBaggage } from './metadata.ts';

/** The baggage that may come in with a call. */
export interface GrpcServerOptions {
  readonly ingress: IngressPolicy;
}

/**
 * An interceptor for a server's `interceptors`: handlers of every kind, and their listeners, run in
 * the baggage of their call, as far as the policy admits it. The metadata that the handler gets is
 * a copy with that baggage only.
 * @throws {TypeError} if an option is unknown or missing, or the policy can't be used.
 */
export function baggageServerInterceptor(options: GrpcServerOptions): ServerInterceptor {
  checkOptions('baggageServerInterceptor', options, { ingress: 'object' }, example);
  const { ingress } = options;
  checkIngress(ingress);
  return (_method, call) => new BaggageServerCall(call, ingress);
}

const example = "baggageServerInterceptor({ ingress: { mode: 'accept', keys: ['lane'] } })";

type InterceptingServerListener = Parameters<ServerInterceptingCallInterface['start']>[0];

/**
 * The OTel contexts of calls that an interceptor of ours has admitted: the first interceptor of a
 * call decides.
 */
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
    const inRequest = (fn: () => void): void => {
      const cell = getCell(request);
      if (cell === undefined) context.with(request, fn);
      else runExtractedAgain(cell, () => context.with(request, fn));
    };
    // Not through our base class, whose listener in between would only add work.
    this.#call.start({
      onReceiveMetadata: (metadata) => {
        const known = admitted.get(metadata);
        request = known ?? admit(metadata.get('baggage').map(String), this.#ingress, request);
        const clean = known ? metadata : withAdmitted(metadata, request);
        inRequest(() => listener.onReceiveMetadata(clean));
      },
      onReceiveMessage: (message) => inRequest(() => listener.onReceiveMessage(message)),
      onReceiveHalfClose: () => inRequest(() => listener.onReceiveHalfClose()),
      onCancel: () => inRequest(() => listener.onCancel()),
    });
  }
}

/**
 * Instrumentation extracts again, inside of this interceptor, from the handler's metadata: it must
 * find only admitted baggage.
 */
function withAdmitted(metadata: Metadata, request: Context): Metadata {
  const cell = getCell(request);
  const clean = replaceBaggage(metadata, cell && formatBaggage(cell.baggage));
  admitted.set(clean, request);
  if (cell !== undefined) admittedCarriers.set(clean, cell);
  return clean;
}
