import { subscribe } from 'node:diagnostics_channel';
import { isIP } from 'node:net';
import { context, createContextKey, type Context } from '@opentelemetry/api';
import type { EgressPolicy } from '../../../policy/egress.ts';
import { reportUnverified } from '../../../policy/unverified.ts';
import { noHeaders, replaceHeaders, sentHeaders, type SentHeaders } from './headers.ts';
import { mayLeadElsewhere, watchConnections } from './real-connection.ts';

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
  /** Whether the origin that undici creates the request for does not count. */
  readonly isBound: boolean;
  /** Whether connections are trusted to lead to the origin that they were opened for. */
  readonly trustConnectors: boolean;
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
 * Watches the requests and connections of undici. Adapters call it when they are made, which is
 * before most connections are opened.
 */
export function watchRequests(): void {
  watchConnections();
  if (isWatching) return;
  isWatching = true;
  subscribe('undici:request:create', (message) => judge((message as { request: CreatedRequest }).request));
}

/**
 * An OTel context in which undici's requests are judged a second time, by the origin that they are
 * created for: a `Client` or a `Pool` ignores the origin of a request and sends it to its own,
 * which undici does not show to interceptors.
 */
export function judgingAgain(otelContext: Context, judgement: Judgement): Context {
  return otelContext.setValue(judgementKey, judgement);
}

function judge(request: CreatedRequest): void {
  const judgement = context.active().getValue(judgementKey) as Judgement | undefined;
  // An error thrown here would end the process. Older versions than the sixth have the headers as a
  // string.
  if (judgement === undefined || !Array.isArray(request.headers)) return;
  const { destination, baggage } = judgement.isBound ? judgement : judgeAgain(request, judgement);
  if (destination === undefined || baggage === undefined || judgement.trustConnectors) return;
  withdrawIfAstray(request, { ...judgement, destination, baggage });
}

/** Judges by the origin that the request is created for; returns what is sent where. */
function judgeAgain(request: CreatedRequest, judgement: Judgement): Partial<Judgement> {
  const { caller, egress, destination, baggage } = judgement;
  const named = String(request.origin);
  if (named === destination) return judgement;
  if (!URL.canParse(named)) return {};
  const { origin } = new URL(named);
  const others = membersBeside(baggage, request.headers as unknown[]);
  if (others === undefined) return {};
  if (origin === destination || isResolved(request, judgement)) return { destination: origin, baggage };
  const sent = sentHeaders(caller, egress, origin);
  request.headers = withBaggage(request.headers, new Map([...noHeaders(egress), ...sent]), others);
  return { destination: origin, baggage: sent.get('baggage') };
}

/**
 * Removes our headers when undici writes the request, if its connection may lead elsewhere. undici
 * reads the headers once it has connected, and only then is the peer known.
 */
function withdrawIfAstray(
  request: CreatedRequest,
  { caller, egress, destination = '', baggage }: Judgement,
): void {
  let { headers } = request;
  let isWithdrawn = false;
  const get = (): unknown => {
    if (isWithdrawn || !mayLeadElsewhere(destination)) return headers;
    isWithdrawn = true;
    const others = membersBeside(baggage, headers as unknown[]);
    if (others === undefined) return headers;
    headers = withBaggage(headers, noHeaders(egress), others);
    reportUnverified(caller, egress, destination);
    return headers;
  };
  const set = (replaced: unknown): void => void (headers = replaced);
  Object.defineProperty(request, 'headers', { configurable: true, enumerable: true, get, set });
}

function withBaggage(
  headers: unknown,
  sent: SentHeaders,
  others: string,
): unknown[] | Record<string, unknown> {
  const baggage = [sent.get('baggage') ?? '', others].filter((part) => part !== '').join(',');
  return replaceHeaders(headers, new Map([...sent, ['baggage', baggage || undefined]]));
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
