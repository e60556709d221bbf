import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Context } from '@opentelemetry/api';
import type { RequestCell } from '../../../request/cell.ts';

/**
 * The source of a request's lane: its own headers, or the dye rule, which may read anything.
 */
export type LaneOrigin = { readonly headers: readonly string[] } | 'dye';

/** A request that has passed a middleware, until it and its response are closed. */
export interface TrackedRequest {
  readonly request: IncomingMessage;
  readonly cell: RequestCell;
  /** The OTel context in which events of the request and its response run. */
  readonly otelContext: Context;
  /** Set if the response names its lane. */
  by: LaneOrigin | undefined;
  /** Whether the response lets browsers send `baggage`. */
  cors: boolean;
  /** Whether the response explains the lane. */
  explain: boolean;
  /** Whether the head of the response has been written. */
  hasResponded: boolean;
  /** Whether the request is closed. */
  isRequestClosed: boolean;
  /** Whether the response is closed. */
  isResponseClosed: boolean;
}

/**
 * The property of a socket that holds its most recent request. A WeakMap lookup would cost more
 * than the rest of the middleware; a property on the request or response is slow because express
 * swaps their prototypes.
 */
const latest = Symbol('graylane latest request');
/**
 * The property that holds the earlier requests of a client that sends several before it has the
 * responses.
 */
const earlier = Symbol('graylane earlier requests');

interface Connection {
  [latest]?: TrackedRequest | undefined;
  [earlier]?: WeakMap<IncomingMessage, TrackedRequest> | undefined;
}

/** The record of a request that has passed a middleware and is not closed yet. */
export function findRequest(request: IncomingMessage): TrackedRequest | undefined {
  const connection = connectionOf(request);
  const last = connection[latest];
  return last?.request === request ? last : connection[earlier]?.get(request);
}

/** Keeps the record of a request until both the request and its response are closed. */
export function trackRequest(
  request: IncomingMessage,
  cell: RequestCell,
  otelContext: Context,
): TrackedRequest {
  const connection = connectionOf(request);
  const last = connection[latest];
  if (last !== undefined) (connection[earlier] ??= new WeakMap()).set(last.request, last);
  const tracked = {
    request,
    cell,
    otelContext,
    by: undefined,
    cors: false,
    explain: false,
    hasResponded: false,
    isRequestClosed: false,
    isResponseClosed: false,
  };
  connection[latest] = tracked;
  return tracked;
}

/**
 * Notes that the request or its response is closed; after both, an idle connection must not retain
 * the request. The hooks of two adapters may both see the event of one emitter.
 */
export function closeOne(tracked: TrackedRequest, closed: object): void {
  if (closed === tracked.request) tracked.isRequestClosed = true;
  else tracked.isResponseClosed = true;
  if (!tracked.isRequestClosed || !tracked.isResponseClosed) return;
  const connection = connectionOf(tracked.request);
  if (connection[latest] === tracked) connection[latest] = undefined;
  else connection[earlier]?.delete(tracked.request);
}

/**
 * HTTP/2 has many requests on a connection, which outlasts them; the request itself takes its
 * place.
 */
function connectionOf(request: IncomingMessage): Connection {
  const socket = request.httpVersionMajor < 2 ? (request.socket as Socket | null | undefined) : undefined;
  return (socket ?? request) as Connection;
}
