import { context, type Context } from '@opentelemetry/api';
import type { Dispatcher } from 'undici';
import type { EgressPolicy } from '../../../policy/egress.ts';
import { checkedOptions } from './client-options.ts';
import { dispatchWithBaggage } from './dispatch.ts';
import { watchRequests } from './true-origin.ts';

/** The egress policy, e.g. `{ to: { 'http://orders:8080': ['lane'] } }`. */
export interface BaggageInterceptorOptions {
  readonly egress: EgressPolicy;
  /**
   * The destination that the policy judges all requests by, if that is not the origin that undici
   * connects to: `http://orders:8080` for a `Pool` that leads to a sidecar. It is trusted, so an
   * interceptor that has it belongs to one dispatcher alone. Default: the origin of each request,
   * and for a `Client` or a `Pool` its own.
   */
  readonly destination?: string;
  /**
   * Trusts a `connect` or `socketPath` of the dispatcher to lead to the origin that the policy
   * names. Default: no baggage is sent through a connection that may lead elsewhere.
   */
  readonly trustConnectors?: boolean;
}

/**
 * An interceptor for undici 7 and 8: `dispatcher.compose(baggageInterceptor({ egress }))`. An
 * interceptor that follows redirects goes outside of it, `compose(baggage, redirect)`, so that each
 * origin is judged. Inside of it, `compose(redirect, baggage)`, redirects are not followed, since
 * the next origin could not be judged. Connections are compared with the origin that they were
 * opened for: a `connect` option can lead elsewhere.
 * @throws {TypeError} if the options can't work.
 */
export function baggageInterceptor(
  options: BaggageInterceptorOptions,
): Dispatcher.DispatcherComposeInterceptor {
  const { egress, destination, trustConnectors } = checkedOptions('baggageInterceptor', options, {
    destination: 'string?',
    trustConnectors: 'boolean?',
  });
  watchRequests();
  return (dispatch) => (request, handler) => {
    const caller = context.active();
    return dispatchWithBaggage(request, {
      caller,
      egress,
      destination,
      trustDestination: destination !== undefined,
      trustConnectors,
      handler,
      dispatch: (copy, observed) => dispatch({ ...copy, ...unfollowed }, inContext(caller, observed)),
    });
  };
}

/**
 * Makes undici's own redirect interceptor, if it is inside of ours, pass redirects on to the
 * caller.
 */
const unfollowed = { maxRedirections: 0 };

/**
 * The methods of a handler; `compose` gives the handlers of undici 7's older shape these as well.
 */
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
 * The handler, called back in this OTel context: undici would call it in that of the code that
 * opened the socket. A handler that follows a redirect or retries dispatches anew, which is then
 * done for the same caller.
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
