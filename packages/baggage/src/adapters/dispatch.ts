import { context, type Context } from '@opentelemetry/api';
import { emit } from '../emit.ts';
import type { EgressPolicy } from '../policy.ts';
import { withoutBaggage } from '../without-baggage.ts';

/** What undici's dispatchers of all versions share of one request's options. */
export interface DispatchOptions {
  readonly origin?: string | URL | undefined;
  readonly headers?: unknown;
}

/**
 * Dispatches one request with the one `baggage` header that its origin may see. Each redirect is dispatched anew, so it is judged anew;
 * the OTel context is the caller's, since a redirect is followed in that of whoever opened the socket.
 * Inside, the OTel context holds no baggage: undici's instrumentation would add a header of its own.
 */
export function dispatchWithBaggage<Options extends DispatchOptions, Result>(
  otelContext: Context,
  options: Options,
  egress: EgressPolicy,
  dispatch: (options: Options) => Result,
): Result {
  const baggage =
    options.origin === undefined ? undefined : emit(otelContext, egress, originOf(options.origin));
  const headers = replaceHeader(options.headers, baggage);
  return context.with(withoutBaggage(otelContext), () => dispatch({ ...options, headers }));
}

function originOf(origin: string | URL): string {
  return typeof origin === 'string' && !URL.canParse(origin) ? origin : new URL(origin).origin;
}

/** undici takes headers as a flat list, as an object, or as pairs; a copy in the flat form serves all. */
function replaceHeader(headers: unknown, baggage: string | undefined): unknown[] {
  const flat = flatten(headers).filter((_part, index, all) => !isBaggage(all[index - (index % 2)]));
  return baggage === undefined ? flat : [...flat, 'baggage', baggage];
}

function flatten(headers: unknown): unknown[] {
  if (headers === null || headers === undefined) return [];
  if (Array.isArray(headers)) return Array.isArray(headers[0]) ? headers.flat(1) : headers;
  if (typeof headers === 'object' && Symbol.iterator in headers)
    return [...(headers as Iterable<unknown[]>)].flat(1);
  return Object.entries(headers)
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]: [string, unknown]) =>
      Array.isArray(value) ? value.flatMap((item) => [name, item]) : [name, value],
    );
}

function isBaggage(name: unknown): boolean {
  return String(name).toLowerCase() === 'baggage';
}
