import { context, type Context } from '@opentelemetry/api';
import type { Dispatcher } from 'undici';
import { checkEgress, type EgressPolicy } from '../../policy/egress.ts';
import { dispatchWithBaggage } from './dispatch.ts';

/** What may leave, and to which origins: `{ to: { 'http://orders:8080': ['lane'] } }`. */
export interface BaggageInterceptorOptions {
  readonly egress: EgressPolicy;
  /**
   * Where the requests of a `Client` or a `Pool` end, `http://orders:8080`: undici 7 does not tell an interceptor. It is believed, so an
   * interceptor that has it belongs to one of them alone. Default: each request's origin.
   */
  readonly destination?: string;
}

/**
 * An interceptor for undici 7 and 8: `dispatcher.compose(baggageInterceptor({ egress }))`. What follows redirects goes outside of it,
 * `compose(baggage, redirect)`, so that each origin is judged. Inside of it, `compose(redirect, baggage)`, none are followed: nobody
 * would ask us about the next origin.
 */
export function baggageInterceptor({
  egress,
  destination,
}: BaggageInterceptorOptions): Dispatcher.DispatcherComposeInterceptor {
  checkEgress(egress);
  return (dispatch) => (options, handler) => {
    const caller = context.active();
    const calledBack = inContext(caller, handler);
    return dispatchWithBaggage(
      caller,
      options,
      egress,
      (copy) => dispatch({ ...copy, ...unfollowed }, calledBack),
      destination,
    );
  };
}

/** What tells undici's own redirect interceptor, where it is inside of ours, to pass redirects on to the caller. */
const unfollowed = { maxRedirections: 0 };

/** The methods of a handler; `compose` gives the handlers of undici 7's older shape these as well. */
const callbacks = [
  'onRequestStart',
  'onRequestUpgrade',
  'onResponseStarted',
  'onResponseStart',
  'onResponseData',
  'onResponseEnd',
  'onResponseError',
  'onBodySent',
  'onRequestSent',
];

/**
 * The handler, called back in this OTel context: undici would call it in that of whoever opened the socket. What follows a redirect or
 * retries is a handler that dispatches anew, which is then done for the same caller.
 */
function inContext(otelContext: Context, handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
  const methods = handler as Readonly<Record<string, ((...args: unknown[]) => unknown) | undefined>>;
  const bound: Record<string, unknown> = {};
  for (const name of callbacks) {
    const method = methods[name];
    if (method !== undefined)
      bound[name] = (...args: unknown[]) => context.with(otelContext, method, handler, ...args);
  }
  return bound;
}
