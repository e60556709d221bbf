import http, {
  type ClientRequest,
  type IncomingMessage,
  type RequestListener,
  type RequestOptions,
} from 'node:http';
import https from 'node:https';
import { context } from '@opentelemetry/api';
import { dyeRequest, type Dye } from '../dye.ts';
import { emit } from '../emit.ts';
import type { EgressPolicy, IngressPolicy } from '../policy.ts';
import { withoutBaggage } from '../without-baggage.ts';
import { enterRequest } from './http-request.ts';

/** What comes in with a request, and who is dyed. */
export interface BaggageListenerOptions {
  /** Default: `{ mode: 'strip' }`, right at an edge. */
  readonly ingress?: IngressPolicy;
  /** The dye rule, at the edge. Default: requests keep the lane that they came with. */
  readonly dye?: Dye<IncomingMessage>;
}

/** Wraps the listener of a `node:http` server: it runs in the request's baggage. */
export function baggageListener(
  { ingress = { mode: 'strip' }, dye }: BaggageListenerOptions,
  listener: RequestListener,
): RequestListener {
  return (request, response) => {
    const { cell, otelContext } = enterRequest(request, ingress);
    context.with(otelContext, () => {
      if (dye === undefined) listener(request, response);
      else void dyeRequest(dye, request, cell).then(() => listener(request, response));
    });
  };
}

/** What may leave, and to which origins. */
export interface BaggageRequestOptions {
  readonly egress: EgressPolicy;
}

/** The `request` of `node:http` and `node:https` in one, by the URL's protocol. */
export type BaggageRequest = (
  url: string | URL,
  options?: RequestOptions,
  callback?: (response: IncomingMessage) => void,
) => ClientRequest;

/**
 * `http.request` (or `https.request`, by the URL) that sends what the active request may tell that origin: one `baggage` header, or
 * none. A header that the options had is replaced; the options are copied. The callback runs in the caller's baggage.
 */
export function baggageRequest({ egress }: BaggageRequestOptions): BaggageRequest {
  return (url, options = {}, callback) => {
    const target = new URL(url);
    const active = context.active();
    const headers = replaceHeader(options.headers, emit(active, egress, target.origin));
    const { request } = target.protocol === 'https:' ? https : http;
    return context.with(withoutBaggage(active), () =>
      request(target, { ...options, headers }, callback && context.bind(active, callback)),
    );
  };
}

function replaceHeader(
  headers: RequestOptions['headers'],
  baggage: string | undefined,
): Record<string, string | string[] | number> {
  const entries = Array.isArray(headers) ? pairs(headers) : Object.entries(headers ?? {});
  const others = entries.filter(([name, value]) => name.toLowerCase() !== 'baggage' && value !== undefined);
  return Object.fromEntries(baggage === undefined ? others : [...others, ['baggage', baggage]]) as ReturnType<
    typeof replaceHeader
  >;
}

function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((name, index) =>
    index % 2 === 0 ? [[name, flat[index + 1] ?? ''] as [string, string]] : [],
  );
}
