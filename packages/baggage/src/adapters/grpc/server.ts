import { context, type Context } from '@opentelemetry/api';
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status,
} from '@grpc/grpc-js';
import { reportCall, type CallReport } from '../../call-listener.ts';
import { checkOptions } from '../../check-options.ts';
import { admit } from '../../policy/admit.ts';
import { formatBaggage } from '../../lane/format-baggage.ts';
import { checkIngress, type IngressPolicy } from '../../policy/ingress.ts';
import { admittedCarriers, getCell, runExtractedAgain } from '../../request/context.ts';
import { callAttributes, serverEnd } from './call-attributes.ts';
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
  return ({ path }, call) => new BaggageServerCall(call, ingress, path);
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
  readonly #path: string;
  #report: CallReport | undefined;

  constructor(call: ServerInterceptingCallInterface, ingress: IngressPolicy, path: string) {
    super(call);
    this.#call = call;
    this.#ingress = ingress;
    this.#path = path;
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
        // The first interceptor reports the call.
        if (!known) this.#report = reportCall('rpc.server.call', request, undefined);
        this.#report?.start(callAttributes(this.#path));
        inRequest(() => listener.onReceiveMetadata(clean));
      },
      onReceiveMessage: (message) => inRequest(() => listener.onReceiveMessage(message)),
      onReceiveHalfClose: () => inRequest(() => listener.onReceiveHalfClose()),
      onCancel: () => {
        if (this.#report?.isOpen)
          this.#report.end(serverEnd(this.#isLate() ? status.DEADLINE_EXCEEDED : status.CANCELLED));
        inRequest(() => listener.onCancel());
      },
    });
  }

  override sendStatus(sent: Parameters<ServerInterceptingCallInterface['sendStatus']>[0]): void {
    this.#report?.end(serverEnd(sent.code));
    super.sendStatus(sent);
  }

  /** grpc-js ends a call at its deadline itself, and reports it to interceptors as cancelled. */
  #isLate(): boolean {
    // Older versions of grpc-js don't have the deadline. Timers may fire a millisecond early.
    const { getDeadline } = this.#call as { getDeadline?: () => unknown };
    return Number(getDeadline?.call(this.#call)) <= Date.now() + 1;
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
