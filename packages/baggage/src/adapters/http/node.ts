import http, {
  type ClientRequest,
  type IncomingMessage,
  type RequestListener,
  type RequestOptions,
} from 'node:http';
import https from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { context } from '@opentelemetry/api';
import { checkEgress, type EgressPolicy } from '../../policy/egress.ts';
import { hidingBaggage } from '../../request/hidden-baggage.ts';
import { replaceInList, replaceInRecord, sentHeaders, type SentHeaders } from './headers.ts';
import { requestRunner, type HttpRequestOptions } from './handle-request.ts';

/** What comes in with a request, who is dyed, and what responses say of it. */
export interface BaggageListenerOptions extends HttpRequestOptions<IncomingMessage> {}

/**
 * Wraps the listener of a `node:http` server: it runs in the request's baggage.
 * @throws {TypeError} where the options can't work, e.g. a signing key that is too short.
 */
export function baggageListener(options: BaggageListenerOptions, listener: RequestListener): RequestListener {
  const run = requestRunner(options);
  return (request, response) => run(request, response, () => listener(request, response));
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
 * none. A header that the options had is replaced; the options are copied. Callback and listeners run in the caller's baggage. Where the
 * options lead elsewhere than the URL, they decide; through a `socketPath` nothing is sent.
 */
export function baggageRequest({ egress }: BaggageRequestOptions): BaggageRequest {
  checkEgress(egress);
  return (url, options = {}, callback) => {
    const target = new URL(url);
    const active = context.active();
    const to = destination(target, options);
    const headers = replaceHeaders(options.headers, sentHeaders(active, egress, to));
    const { request } = target.protocol === 'https:' ? https : http;
    return hidingBaggage(active, () => request(target, { ...options, headers }, callback));
  };
}

/** The origin that Node connects to: options count for more than the URL. */
function destination(url: URL, options: RequestOptions): string | undefined {
  const { socketPath, protocol, hostname, host, port } = { ...urlToHttpOptions(url), ...options };
  if (socketPath) return undefined;
  const name = hostname || host || 'localhost';
  const authority = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
  const origin = `${protocol}//${authority}${port ? `:${port}` : ''}`;
  return URL.canParse(origin) ? new URL(origin).origin : undefined;
}

/** Node takes headers as an object or as a list of names and values, and the one is not the other: a list has repeated names. */
function replaceHeaders(
  headers: RequestOptions['headers'],
  sent: SentHeaders,
): NonNullable<RequestOptions['headers']> {
  return isList(headers) ? replaceInList(headers, sent) : replaceInRecord(headers ?? {}, sent);
}

function isList(headers: RequestOptions['headers']): headers is readonly string[] {
  return Array.isArray(headers);
}
