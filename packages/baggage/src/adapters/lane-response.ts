import type { IncomingMessage, ServerResponse } from 'node:http';
import { headerSafe } from '../header-safe.ts';
import type { RequestCell } from '../request-cell.ts';
import { beforeHeaders, type HeadersChange } from './before-headers.ts';

/** How responses tell of their lane. */
export interface LaneResponseOptions {
  /**
   * Whether responses carry their lane in `Graylane-Lane`, and tell caches whom they are for. `false` only where no cache stands in
   * front, or where the routes answer alike in all lanes. Default: true.
   */
  readonly laneResponse?: boolean;
  /**
   * Whether browsers of other origins may send `baggage` and read `Graylane-Lane`: the two are added to what the CORS middleware of
   * the application allows, which alone decides on origins. Default: false.
   */
  readonly cors?: boolean;
}

/** What decided on the lane of a request: its own headers, or the dye rule, which may look at anything. */
export type LaneOrigin = { readonly headers: readonly string[] } | 'dye';

const laneHeader = 'Graylane-Lane';
/** As Node names it among the headers of a request. */
const requestLaneHeader = laneHeader.toLowerCase();
/** Caches that have a field of their own obey it rather than `Cache-Control` (RFC 9213, nginx, Fastly). */
const overriding = /^(?:x-accel-expires|surrogate-control|(?:.+-)?cdn-cache-control)$/i;
/** Where a response keeps what it is to tell. A weak map would cost more than the rest. */
const told = Symbol('graylane lane');

interface Told {
  [told]?: Telling;
}

/**
 * Makes a response tell its lane, and keeps shared caches from serving it in another one. Where the lane came with the request's
 * headers, the response varies by these. Where the dye rule decided, no cache can know: the response is private, unless the request
 * says the same lane in `Graylane-Lane`, as a proxy that keeps the lanes apart does; then it varies by that.
 */
export function tellLane(
  request: IncomingMessage,
  response: ServerResponse,
  cell: RequestCell,
  origin: LaneOrigin | undefined,
  { laneResponse = true, cors = false }: LaneResponseOptions,
): void {
  const tells = laneResponse && origin !== undefined;
  if (!(tells || cors)) return;
  const telling: ServerResponse & Told = response;
  const before = telling[told];
  if (before === undefined) {
    telling[told] = new Telling(request, cell, tells ? origin : undefined, cors);
    beforeHeaders(response, telling[told]);
  } else if (tells && before.by !== 'dye') before.by = origin;
}

class Telling implements HeadersChange {
  readonly #request: IncomingMessage;
  readonly #cell: RequestCell;
  readonly #cors: boolean;
  by: LaneOrigin | undefined;

  constructor(request: IncomingMessage, cell: RequestCell, by: LaneOrigin | undefined, cors: boolean) {
    this.#request = request;
    this.#cell = cell;
    this.#cors = cors;
    this.by = by;
  }

  apply(response: ServerResponse): void {
    if (this.by !== undefined) this.#tell(this.by, response);
    if (this.#cors) allowBrowsers(this.#request, response);
  }

  #tell(by: LaneOrigin, response: ServerResponse): void {
    const lane = headerSafe(this.#cell.lane);
    response.setHeader(laneHeader, lane);
    if (by !== 'dye') vary(response, by.headers);
    else if (this.#request.headers[requestLaneHeader] === lane) vary(response, [laneHeader]);
    else keepPrivate(response);
  }
}

function vary(response: ServerResponse, names: readonly string[]): void {
  if (!response.hasHeader('Vary')) response.setHeader('Vary', names.join(', '));
  else if (!list(response, 'Vary').includes('*')) for (const name of names) add(response, 'Vary', name);
}

function keepPrivate(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) if (overriding.test(name)) response.removeHeader(name);
  if (!response.hasHeader('Cache-Control')) {
    response.setHeader('Cache-Control', 'private');
    return;
  }
  const directives = list(response, 'Cache-Control').filter(
    (directive) => !/^(?:public|private|s-maxage|proxy-revalidate)\b/i.test(directive),
  );
  response.setHeader('Cache-Control', ['private', ...directives].join(', '));
}

function allowBrowsers(request: IncomingMessage, response: ServerResponse): void {
  if (!response.hasHeader('Access-Control-Allow-Origin')) return;
  if (request.method === 'OPTIONS') add(response, 'Access-Control-Allow-Headers', 'baggage');
  else add(response, 'Access-Control-Expose-Headers', laneHeader);
}

function add(response: ServerResponse, header: string, name: string): void {
  const names = list(response, header);
  if (names.some((one) => one.toLowerCase() === name.toLowerCase())) return;
  response.setHeader(header, [...names, name].join(', '));
}

function list(response: ServerResponse, header: string): readonly string[] {
  const value = response.getHeader(header);
  const text = Array.isArray(value) ? value.join(',') : String(value ?? '');
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
