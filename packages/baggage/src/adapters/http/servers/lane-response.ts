import type { IncomingMessage, ServerResponse } from 'node:http';
import { headerSafe } from '../../../codec/header-safe.ts';
import { explainRequest, formatExplanation } from '../../../policy/explain.ts';
import type { RequestCell } from '../../../request/cell.ts';
import { beforeHeaders } from './before-headers.ts';
import { findRequest, type LaneOrigin, type TrackedRequest } from './tracked-request.ts';

/** How responses name their lane. */
export interface LaneResponseOptions {
  /**
   * Whether responses carry their lane in `Graylane-Lane`, and keep shared caches from serving them
   * to other lanes. Use `false` only if there is no cache, or if the routes respond alike in all
   * lanes. Default: true.
   */
  readonly laneResponse?: boolean;
  /**
   * Whether browsers of other origins may send `baggage` and read `Graylane-Lane`: both are added
   * to what the CORS middleware of the application allows, which alone decides on origins. Default:
   * false.
   */
  readonly cors?: boolean;
  /**
   * Whether responses carry `Graylane-Explain`: why the request is in its lane, in one line. It
   * shows rules and destinations to every client, so it is for debugging. Default: false.
   */
  readonly explain?: boolean;
}

const laneHeader = 'Graylane-Lane';
const explainHeader = 'Graylane-Explain';
/** The name of the lane's header in `request.headers`. */
const requestLaneHeader = laneHeader.toLowerCase();
/**
 * Caches that have a field of their own obey it rather than `Cache-Control` (RFC 9213, nginx,
 * Fastly).
 */
const cacheSpecific = /^(?:x-accel-expires|surrogate-control|(?:.+-)?cdn-cache-control)$/i;

/**
 * Marks a response with its lane, and keeps shared caches from serving it in another one. If the
 * lane came with the request's headers, the response varies by these. If the dye rule decided, a
 * cache can't compute the lane: the response is private, unless the request names the same lane in
 * `Graylane-Lane`, as a proxy that keeps the lanes apart does; then it varies by that.
 */
export function markResponse(
  tracked: TrackedRequest,
  origin: LaneOrigin | undefined,
  { laneResponse = true, cors = false, explain = false }: LaneResponseOptions,
): void {
  if (laneResponse && tracked.by !== 'dye') tracked.by = origin ?? tracked.by;
  if (cors) tracked.cors = true;
  if (explain) tracked.explain = true;
}

/**
 * Hooks `writeHead` on `owner` (a response, or a prototype shared by many) so that the lane headers
 * are set before the head is sent.
 */
export function hookWriteHead(owner: ServerResponse): void {
  beforeHeaders(owner, takeOnce, setHeaders);
}

/**
 * Returns the record of the response's request if there are headers to set, and only on the first
 * call.
 */
function takeOnce({ req }: ServerResponse): TrackedRequest | undefined {
  const tracked = req && findRequest(req);
  if (tracked === undefined || tracked.hasResponded) return undefined;
  tracked.hasResponded = true;
  return tracked.by !== undefined || tracked.cors || tracked.explain ? tracked : undefined;
}

function setHeaders(response: ServerResponse, tracked: TrackedRequest): void {
  const { request, cell, by, cors, explain, otelContext } = tracked;
  if (by !== undefined) setLane(by, request, response, cell);
  if (cors) allowBrowsers(request, response);
  if (explain) response.setHeader(explainHeader, formatExplanation(explainRequest(otelContext)));
}

function setLane(
  by: LaneOrigin,
  request: IncomingMessage,
  response: ServerResponse,
  cell: RequestCell,
): void {
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
  for (const name of response.getHeaderNames()) if (cacheSpecific.test(name)) response.removeHeader(name);
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
