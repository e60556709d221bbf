import { context, type Context } from '@opentelemetry/api';
import type { EgressPolicy } from '../../../policy/egress.ts';
import { withoutBaggageTo } from '../../../request/hidden-baggage.ts';
import { replaceHeaders, sentHeaders } from './headers.ts';
import { judgingAgain } from './true-origin.ts';

/** The options of one request that undici's dispatchers of all versions share. */
export interface DispatchOptions {
  readonly origin?: string | URL | undefined;
  readonly headers?: unknown;
}

/** How one request is dispatched. */
export interface Dispatching<Options, Result> {
  /**
   * The caller's OTel context: a redirect is followed in that of the code that opened the socket.
   */
  readonly caller: Context;
  readonly egress: EgressPolicy;
  /**
   * Where the request leads, if that is known otherwise than by its origin; `none` for a
   * destination without an origin.
   */
  readonly destination?: string | undefined;
  readonly dispatch: (options: Options) => Result;
}

/**
 * Dispatches one request with the one `baggage` header that its destination may see. Each redirect
 * is dispatched anew, so it is judged anew. Inside, the OTel context holds no baggage: undici's
 * instrumentation would add a header of its own.
 */
export function dispatchWithBaggage<Options extends DispatchOptions, Result>(
  options: Options,
  { caller, egress, destination, dispatch }: Dispatching<Options, Result>,
): Result {
  const judged = destination === undefined ? originOf(options.origin) : originOf(destination);
  const sent = sentHeaders(caller, egress, judged);
  const headers = replaceHeaders(options.headers, sent);
  const inside = withoutBaggageTo(caller, judged);
  const isFinal = destination !== undefined || sent.size === 0;
  const otelContext = isFinal
    ? inside
    : judgingAgain(inside, { caller, egress, destination: judged, baggage: sent.get('baggage') });
  return context.with(otelContext, () => dispatch({ ...options, headers }));
}

function originOf(origin: string | URL | undefined): string | undefined {
  if (typeof origin === 'object') return origin.origin;
  return origin !== undefined && URL.canParse(origin) ? new URL(origin).origin : undefined;
}
