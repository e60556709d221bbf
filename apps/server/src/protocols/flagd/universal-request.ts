import type { IncomingHttpHeaders } from 'node:http';
import { Code, ConnectError, type ContextValues } from '@connectrpc/connect';
import type { UniversalServerRequest } from '@connectrpc/connect/protocol';
import type { AnyResponse } from '../../backpressure/slow-readers.ts';
import type { AnyRequest } from '../../http/front-door/principal.ts';

/** The longest timer of Node, in milliseconds. */
const maxTimerMs = 2_147_483_647;

/** One for all calls: each call is aborted when its response closes, and an error has a stack. */
const closed = new ConnectError('the call is closed', Code.Canceled);

/**
 * A request of Node's for Connect, whose own adapter makes an exception for each call that ends.
 */
export function toUniversalRequest(
  request: AnyRequest,
  response: AnyResponse,
  contextValues: ContextValues,
): UniversalServerRequest {
  const { httpVersion, method = '', url = '', headers } = request;
  const ending = new AbortController();
  response.once('close', () => ending.abort(closed));
  const host = headers.host ?? headers[':authority']?.toString() ?? 'localhost';
  return {
    httpVersion,
    method,
    url: `http://${host}${url}`,
    header: toHeaders(headers),
    body: request,
    signal: ending.signal,
    contextValues,
  };
}

/**
 * Leaves out a deadline that Node's timers can't express: clients without one send the largest
 * number.
 */
function toHeaders(headers: IncomingHttpHeaders): Headers {
  const universal = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':')) continue;
    if (typeof value === 'string') {
      if (!isEndless(name, value)) universal.set(name, value);
    } else for (const one of value) universal.append(name, one);
  }
  return universal;
}

const unitsMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

function isEndless(name: string, value: string): boolean {
  if (name === 'connect-timeout-ms') return Number(value) > maxTimerMs;
  if (name !== 'grpc-timeout') return false;
  const [, amount, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(value) ?? [];
  return amount !== undefined && Number(amount) * (unitsMs[unit] ?? 0) > maxTimerMs;
}
