import { subscribe } from 'node:diagnostics_channel';
import { isIP } from 'node:net';
import { context, createContextKey, type Context } from '@opentelemetry/api';
import type { EgressPolicy } from '../../policy/egress.ts';
import { noHeaders, replaceHeaders, sentHeaders } from './headers.ts';

/** What an adapter around undici has decided, before undici knows where the request really leads. */
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
 * An OTel context in which undici's requests are judged a second time, by the origin that they are created for: a `Client` or a
 * `Pool` ignores the origin of a request and sends it to its own, which undici does not show to interceptors.
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
  const { origin } = new URL(request.origin);
  const others = membersBeside(judgement.baggage, request.headers);
  if (origin === judgement.destination || others === undefined || isResolved(request, judgement)) return;
  const { caller, egress } = judgement;
  const sent = new Map([...noHeaders(egress), ...sentHeaders(caller, egress, origin)]);
  const baggage = [sent.get('baggage') ?? '', others].filter((part) => part !== '').join(',');
  request.headers = replaceHeaders(request.headers, sent.set('baggage', baggage || undefined));
}

/**
 * The members that others have added behind ours, as Sentry does; undefined if the request does not carry ours. Then it is one of
 * another client inside of the adapter, for a token perhaps.
 */
function membersBeside(ours = '', headers: unknown): string | undefined {
  const array: readonly unknown[] = Array.isArray(headers) ? headers : [];
  const name = array.findIndex((part, index) => index % 2 === 0 && String(part).toLowerCase() === 'baggage');
  const carried = name < 0 ? '' : String(array[name + 1]);
  return carried.startsWith(ours) ? carried.slice(ours.length).replace(/^\s*,/, '') : undefined;
}

/** Whether only the host's name has given way to its address, as undici's `dns` interceptor does it. */
function isResolved({ origin, host }: CreatedRequest, { destination }: Judgement): boolean {
  if (destination === undefined || host !== new URL(destination).host) return false;
  const { hostname, protocol } = new URL(origin);
  return protocol === new URL(destination).protocol && isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
}

/** Where a dispatcher sends all of its requests. */
export type BoundTo = { readonly origin: string } | 'a socket' | undefined;

/**
 * The origin, or the Unix socket, that a dispatcher is bound to; undefined for one that goes by the origin of each request.
 * undici keeps both under symbols of its own. Its sixth version creates requests for the origin that they name, so the
 * dispatcher is the only one that knows.
 */
export function boundTo(dispatcher: object): BoundTo {
  for (const symbol of Object.getOwnPropertySymbols(dispatcher)) {
    const value = (dispatcher as Readonly<Record<symbol, unknown>>)[symbol];
    if (symbol.description === 'url' && value instanceof URL) return { origin: value.origin };
    const { connect } = (symbol.description === 'options' && value ? value : {}) as { connect?: unknown };
    if ((connect as { socketPath?: string } | undefined)?.socketPath) return 'a socket';
  }
  return undefined;
}
