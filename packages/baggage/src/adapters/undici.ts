import { context, type Context } from '@opentelemetry/api';
import type { Dispatcher } from 'undici';
import type { EgressPolicy } from '../policy.ts';
import { dispatchWithBaggage } from './dispatch.ts';

/** Who asked: interceptors that redirect or retry dispatch again with the same handler, in whatever OTel context the socket has. */
const callers = new WeakMap<object, Context>();

/** What may leave, and to which origins: `{ to: { 'http://orders:8080': ['lane'] } }`. */
export interface BaggageInterceptorOptions {
  readonly egress: EgressPolicy;
}

/**
 * An interceptor for undici 7 and 8: `dispatcher.compose(baggageInterceptor({ egress }))`. Compose it before a redirect interceptor
 * (`compose(baggage, redirect)`), so that it sees, and judges, each origin of a redirect.
 */
export function baggageInterceptor({
  egress,
}: BaggageInterceptorOptions): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const caller = callers.get(handler) ?? context.active();
    callers.set(handler, caller);
    return dispatchWithBaggage(caller, options, egress, (copy) => dispatch(copy, handler));
  };
}
