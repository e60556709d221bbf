import type { IncomingMessage, ServerResponse } from 'node:http';
import { headerSafe } from '../../codec/header-safe.ts';
import type { RequestCell } from '../../request/cell.ts';
import { beforeHeaders } from './before-headers.ts';
import { releaseRequest, type KnownRequest, type LaneOrigin } from './tracked-request.ts';

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

const laneHeader = 'Graylane-Lane';
/** As Node names it among the headers of a request. */
const requestLaneHeader = laneHeader.toLowerCase();
/** Caches that have a field of their own obey it rather than `Cache-Control` (RFC 9213, nginx, Fastly). */
const overriding = /^(?:x-accel-expires|surrogate-control|(?:.+-)?cdn-cache-control)$/i;

/**
 * Makes a response tell its lane, and keeps shared caches from serving it in another one. Where the lane came with the request's
 * headers, the response varies by these. Where the dye rule decided, no cache can know: the response is private, unless the request
 * says the same lane in `Graylane-Lane`, as a proxy that keeps the lanes apart does; then it varies by that.
 */
export function tellLane(
  known: KnownRequest,
  origin: LaneOrigin | undefined,
  { laneResponse = true, cors = false }: LaneResponseOptions,
): void {
  if (laneResponse && known.by !== 'dye') known.by = origin ?? known.by;
  if (cors) known.cors = true;
}

/** Has the responses of `owner`, which is one itself or a prototype of many, tell what is to be told of their requests. */
export function tellBeforeHeaders(owner: ServerResponse): void {
  beforeHeaders(owner, release, tell);
}

function release({ req }: ServerResponse): KnownRequest | undefined {
  const known = req && releaseRequest(req);
  return known?.by !== undefined || known?.cors ? known : undefined;
}

function tell(response: ServerResponse, { request, cell, by, cors }: KnownRequest): void {
  if (by !== undefined) tellBy(by, request, response, cell);
  if (cors) allowBrowsers(request, response);
}

function tellBy(by: LaneOrigin, request: IncomingMessage, response: ServerResponse, cell: RequestCell): void {
  const lane = headerSafe(cell.lane);
  response.setHeader(laneHeader, lane);
  if (by !== 'dye') vary(response, by.headers);
  else if (request.headers[requestLaneHeader] === lane) vary(response, [laneHeader]);
  else keepPrivate(response);
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
