import { context, type Context } from '@opentelemetry/api';
import type { EgressPolicy } from '../../../policy/egress.ts';
import { withoutBaggageTo } from '../../../request/hidden-baggage.ts';
import { replaceHeaders, sentHeaders } from './headers.ts';
import { reportingHandler, reportRequest } from './report-request.ts';
import { judgingAgain } from './true-origin.ts';

/** The options of one request that undici's dispatchers of all versions share. */
export interface DispatchOptions {
  readonly origin?: string | URL | undefined;
  readonly method?: string | undefined;
  readonly headers?: unknown;
}

/** How one request is dispatched. */
export interface Dispatching<Options, Handler, Result> {
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
  /** Whether that destination is judged as it is, wherever the connection leads. */
  readonly trustDestination?: boolean;
  /** Whether connections are trusted to lead to the origin that they were opened for. */
  readonly trustConnectors?: boolean | undefined;
  readonly handler: Handler;
  readonly dispatch: (options: Options, handler: Handler) => Result;
}

/**
 * Dispatches one request with the one `baggage` header that its destination may see. Each redirect
 * is dispatched anew, so it is judged anew. Inside, the OTel context holds no baggage: undici's
 * instrumentation would add a header of its own.
 */
export function dispatchWithBaggage<Options extends DispatchOptions, Handler, Result>(
  options: Options,
  {
    caller,
    egress,
    destination,
    trustDestination = false,
    trustConnectors = false,
    handler,
    dispatch,
  }: Dispatching<Options, Handler, Result>,
): Result {
  const judged = destination === undefined ? originOf(options.origin) : originOf(destination);
  const sent = sentHeaders(caller, egress, judged);
  const headers = replaceHeaders(options.headers, sent);
  const inside = withoutBaggageTo(caller, judged);
  const isFinal = trustDestination || destination === 'none' || sent.size === 0;
  const otelContext = isFinal
    ? inside
    : judgingAgain(inside, {
        caller,
        egress,
        destination: judged,
        baggage: sent.get('baggage'),
        isBound: destination !== undefined,
        trustConnectors,
      });
  const report = reportRequest(caller, options);
  if (report === undefined)
    return context.with(otelContext, () => dispatch({ ...options, headers }, handler));
  try {
    return context.with(report.inside(otelContext), () =>
      dispatch({ ...options, headers }, reportingHandler(handler, report)),
    );
  } catch (error) {
    report.fail(error);
    throw error;
  }
}

function originOf(origin: string | URL | undefined): string | undefined {
  if (typeof origin === 'object') return origin.origin;
  return origin !== undefined && URL.canParse(origin) ? new URL(origin).origin : undefined;
}
