import type { ClientRequest, IncomingMessage, RequestListener, RequestOptions } from 'node:http';
import type { RequestOptions as HttpsRequestOptions } from 'node:https';
import { context } from '@opentelemetry/api';
import type { EgressPolicy } from '../../policy/egress.ts';
import { reportUnverified } from '../../policy/unverified.ts';
import { hidingBaggage } from '../../request/hidden-baggage.ts';
import { requestRunner, type HttpRequestOptions } from './servers/handle-request.ts';
import { checkedOptions } from './clients/client-options.ts';
import { replaceHeaders, sentHeaders } from './clients/headers.ts';
import { keepHeaders } from './clients/keep-headers.ts';
import { reportRequest } from './clients/report-request.ts';
import { parseRequestCall, type OnResponse } from './clients/request-call.ts';
import { reportClientRequest } from './client-request.ts';

/** The ingress policy, the dye rule, and how responses name their lane. */
export interface BaggageListenerOptions extends HttpRequestOptions<IncomingMessage> {}

/**
 * Wraps the listener of a `node:http` server: it runs in the request's baggage.
 * @throws {TypeError} if the options can't work, e.g. a signing key that is too short.
 */
export function baggageListener(options: BaggageListenerOptions, listener: RequestListener): RequestListener {
  if (typeof listener !== 'function') {
    throw new TypeError(
      'baggageListener needs a listener: baggageListener({ ingress }, (request, response) => {})',
    );
  }
  const run = requestRunner('baggageListener', options);
  return (request, response) => run(request, response, () => listener(request, response), request);
}

/** The egress policy. */
export interface BaggageRequestOptions {
  readonly egress: EgressPolicy;
  /**
   * Trusts `createConnection` and agents with methods of their own to lead to the host that the
   * request names. Default: no baggage is sent through them.
   */
  readonly trustConnectors?: boolean;
}

/** All signatures of `http.request` and `https.request`. */
export interface RequestFunction {
  (options: RequestOptions | HttpsRequestOptions | string | URL, callback?: OnResponse): ClientRequest;
  (url: string | URL, options?: RequestOptions | HttpsRequestOptions, callback?: OnResponse): ClientRequest;
}

/**
 * The `request` of `node:http` and `node:https` in one, by the protocol of the URL, the options or
 * the agent.
 */
export interface BaggageRequest extends RequestFunction {
  /** The same for `get`, which ends the request. */
  readonly get: RequestFunction;
}

/**
 * `http.request` and `https.request` that send what the active request may show that origin: one
 * `baggage` header, or none. A header that the options had is replaced; of one that is set on the
 * request later, only Sentry's members (`sentry-…`) are added. The options are copied. Callback and
 * listeners run in the caller's baggage. The destination is the one that Node connects to: options
 * override the URL, and the agent's options override both. Nothing is sent through a `socketPath`.
 * Nor is it through a `createConnection` of the caller or an agent with methods of its own, which
 * may lead elsewhere, unless `trustConnectors` is true. A `lookup` resolves the name.
 * @throws {TypeError} if the options can't work.
 */
export function baggageRequest(options: BaggageRequestOptions): BaggageRequest {
  const { egress, trustConnectors = false } = checkedOptions('baggageRequest', options, {
    trustConnectors: 'boolean?',
  });
  const request = (...args: unknown[]): ClientRequest => {
    const call = parseRequestCall(args);
    const active = context.active();
    const { headers: given } = call.options;
    const isVerified = trustConnectors || !call.mayLeadElsewhere;
    const sent = sentHeaders(active, egress, isVerified ? call.destination : undefined);
    if (!isVerified && call.destination !== undefined) reportUnverified(active, egress, call.destination);
    const headers = replaceHeaders(
      // Node ignores a Map or Headers here; as an array, they would change how it writes the head.
      Array.isArray(given) ? given : Object.fromEntries(Object.entries(given ?? {})),
      sent,
    );
    const outgoing = hidingBaggage(active, () =>
      call.module.request(
        { ...call.options, headers: headers as RequestOptions['headers'] },
        call.onResponse,
      ),
    );
    keepHeaders(outgoing, sent);
    const report = reportRequest(active, { method: call.options.method, origin: call.destination });
    if (report) reportClientRequest(outgoing, report);
    return outgoing;
  };
  const get = (...args: unknown[]): ClientRequest => {
    const outgoing = request(...args);
    outgoing.end();
    return outgoing;
  };
  return Object.assign(request as RequestFunction, { get });
}
