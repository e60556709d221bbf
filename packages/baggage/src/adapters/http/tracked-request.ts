import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestCell } from '../../request/cell.ts';

/** What decided on the lane of a request: its own headers, or the dye rule, which may look at anything. */
export type LaneOrigin = { readonly headers: readonly string[] } | 'dye';

/** A request that has passed a middleware, until its response begins: its cell, and what the response is to tell. */
export interface KnownRequest {
  readonly request: IncomingMessage;
  readonly cell: RequestCell;
  /** Set where the response tells its lane. */
  by: LaneOrigin | undefined;
  /** Whether browsers are told that they may send `baggage`. */
  cors: boolean;
  /** The one before it on its connection. */
  older: KnownRequest | undefined;
}

/**
 * Where a connection keeps the newest request that it has brought. A weak map would cost more than all else that is done with a request,
 * and so would a property of the request or its response: express changes their prototypes, and what is added after that is slow.
 */
const newest = Symbol('graylane newest request');

interface Holder {
  [newest]?: KnownRequest | undefined;
}

/** What a middleware has left of a request whose response has not begun. */
export function findRequest(request: IncomingMessage): KnownRequest | undefined {
  let known = holderOf(request)[newest];
  while (known !== undefined && known.request !== request) known = known.older;
  return known;
}

/** Keeps what is known of a request until its response begins. */
export function keepRequest(request: IncomingMessage, cell: RequestCell): KnownRequest {
  const holder = holderOf(request);
  const known = { request, cell, by: undefined, cors: false, older: holder[newest] };
  holder[newest] = known;
  return known;
}

/** Lets go of a request, so that a connection that idles keeps none. Answers what was known. */
export function releaseRequest(request: IncomingMessage): KnownRequest | undefined {
  const holder = holderOf(request);
  let newer: KnownRequest | undefined;
  let known = holder[newest];
  // More than one only where a client sends requests before it has the responses.
  while (known !== undefined && known.request !== request) [newer, known] = [known, known.older];
  if (known === undefined) return undefined;
  if (newer === undefined) holder[newest] = known.older;
  else newer.older = known.older;
  return known;
}

/** HTTP/2 has many requests on a connection, which last longer than any of them. */
function holderOf(request: IncomingMessage): Holder {
  const socket = request.httpVersionMajor < 2 ? (request.socket as Socket | null | undefined) : undefined;
  return (socket ?? request) as Holder;
}
