import { subscribe } from 'node:diagnostics_channel';
import { isIP } from 'node:net';
import { context, createContextKey, type Context } from '@opentelemetry/api';
import type { EgressPolicy } from '../../../policy/egress.ts';
import { noHeaders, replaceHeaders, sentHeaders } from './headers.ts';

/**
 * The decision of an adapter around undici, made before undici knows the real origin of the
 * request.
 */
interface Judgement {
  readonly caller: Context;
  readonly egress: EgressPolicy;
  readonly destination: string | undefined;
  /** The value of `baggage` that was set for that destination. */
  readonly baggage: string | undefined;
}

/** A request as undici creates it, right before it is queued for a connection. */
interface CreatedRequest {
  readonly origin: string | URL;
  /** The Host header, if the caller has set one. */
  readonly host?: string | null;
  headers: unknown;
}

const judgementKey = createContextKey('graylane judged request');
let isWatching = false;

/**
 * An OTel context in which undici's requests are judged a second time, by the origin that they are
 * created for: a `Client` or a `Pool` ignores the origin of a request and sends it to its own,
 * which undici does not show to interceptors.
 */
export function judgingAgain(otelContext: Context, judgement: Judgement): Context {
  if (!isWatching)
    subscribe('undici:request:create', (message) => judge((message as { request: CreatedRequest }).request));
  isWatching = true;
  return otelContext.setValue(judgementKey, judgement);
}

function judge(request: CreatedRequest): void {
  const judgement = context.active().getValue(judgementKey) as Judgement | undefined;
  if (judgement === undefined || String(request.origin) === judgement.destination) return;
  // An error thrown here would end the process. Older versions than the sixth have the headers as a
  // string.
  if (!URL.canParse(String(request.origin)) || !Array.isArray(request.headers)) return;
  const { origin } = new URL(request.origin);
  const others = membersBeside(judgement.baggage, request.headers);
  if (origin === judgement.destination || others === undefined || isResolved(request, judgement)) return;
  const { caller, egress } = judgement;
  const sent = new Map([...noHeaders(egress), ...sentHeaders(caller, egress, origin)]);
  const baggage = [sent.get('baggage') ?? '', others].filter((part) => part !== '').join(',');
  request.headers = replaceHeaders(request.headers, sent.set('baggage', baggage || undefined));
}

/**
 * The members that others have added behind ours, as Sentry does; undefined if the request does not
 * carry ours. Then it is one of another client inside of the adapter, for a token perhaps.
 */
function membersBeside(ours = '', headers: readonly unknown[]): string | undefined {
  const name = headers.findIndex(
    (part, index) => index % 2 === 0 && String(part).toLowerCase() === 'baggage',
  );
  const carried = name < 0 ? '' : String(headers[name + 1]);
  return carried.startsWith(ours) ? carried.slice(ours.length).replace(/^\s*,/, '') : undefined;
}

/**
 * Whether only the host's name has given way to its address, as undici's `dns` interceptor does it.
 */
function isResolved({ origin, host }: CreatedRequest, { destination }: Judgement): boolean {
  if (destination === undefined) return false;
  const [named, reached] = [new URL(destination), new URL(origin)];
  if (host !== named.host || reached.protocol !== named.protocol || reached.port !== named.port) return false;
  return isIP(reached.hostname.replace(/^\[|\]$/g, '')) !== 0;
}

/**
 * The origin that a dispatcher sends all of its requests to; `none` for a Unix socket, or several
 * origins; undefined for one that goes by the origin of each request. undici keeps it under symbols
 * of its own. Its sixth version, which Node 20 has built in, creates requests for the origin that
 * they name, so the dispatcher alone knows better.
 */
export function boundOrigin(dispatcher: object): string | undefined {
  const [url, options, clients] = ['url', 'options', 'clients'].map((name) => propertyOf(dispatcher, name));
  if (url instanceof URL) return url.origin;
  const { connect } = (options ?? {}) as { connect?: { socketPath?: string } };
  if (connect?.socketPath) return 'none';
  if (!Array.isArray(clients) || clients.length === 0) return undefined;
  const origins = new Set(clients.map((client) => boundOrigin(client as object)));
  return origins.size === 1 ? [...origins][0] : 'none';
}

function propertyOf(dispatcher: object, description: string): unknown {
  const symbol = Object.getOwnPropertySymbols(dispatcher).find((one) => one.description === description);
  return symbol && (dispatcher as Readonly<Record<symbol, unknown>>)[symbol];
}
