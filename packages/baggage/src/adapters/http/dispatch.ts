import { context, type Context } from '@opentelemetry/api';
import type { EgressPolicy } from '../../policy/egress.ts';
import { withoutBaggageTo } from '../../request/hidden-baggage.ts';
import { replaceInList, replaceInRecord, sentHeaders, type SentHeaders } from './headers.ts';

/** What undici's dispatchers of all versions share of one request's options. */
export interface DispatchOptions {
  readonly origin?: string | URL | undefined;
  readonly headers?: unknown;
}

/**
 * Dispatches one request with the one `baggage` header that its destination may see, by default its origin. Each redirect is dispatched
 * anew, so it is judged anew; the OTel context is the caller's, since a redirect is followed in that of whoever opened the socket.
 * Inside, the OTel context holds no baggage: undici's instrumentation would add a header of its own.
 */
export function dispatchWithBaggage<Options extends DispatchOptions, Result>(
  otelContext: Context,
  options: Options,
  egress: EgressPolicy,
  dispatch: (options: Options) => Result,
  destination: string | undefined = originOf(options.origin),
): Result {
  const headers = replaceHeaders(options.headers, sentHeaders(otelContext, egress, destination));
  return context.with(withoutBaggageTo(otelContext, destination), () => dispatch({ ...options, headers }));
}

function originOf(origin: string | URL | undefined): string | undefined {
  if (typeof origin === 'object') return origin.origin;
  return origin !== undefined && URL.canParse(origin) ? new URL(origin).origin : undefined;
}

/** A copy in the shape that undici was given, since its own handlers look into it; iterables become a flat list. */
function replaceHeaders(headers: unknown, sent: SentHeaders): unknown {
  return isRecord(headers) ? replaceInRecord(headers, sent) : replaceInList(flatten(headers), sent);
}

function isRecord(headers: unknown): headers is Record<string, unknown> {
  return typeof headers === 'object' && headers !== null && !(Symbol.iterator in headers);
}

function flatten(headers: unknown): unknown[] {
  const list = typeof headers === 'object' && headers !== null ? [...(headers as Iterable<unknown>)] : [];
  return Array.isArray(list[0]) ? list.flat(1) : list;
}
