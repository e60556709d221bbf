import { errorMonitor } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { errorType, type CallAttributes, type CallReport } from '../../call-listener.ts';
import { statusAttributes } from './clients/report-request.ts';

/**
 * Ends the report when the request closes. A listener for `response` or `error` would change what
 * Node does: it discards a response, and throws an error, that has no listener.
 */
export function reportClientRequest(request: ClientRequest, report: CallReport): void {
  let failure: unknown;
  request.once(errorMonitor, (error) => (failure = error));
  request.once('close', () => {
    if (failure !== undefined) report.fail(failure);
    else report.end(endOf(request as ClientRequest & { readonly res?: IncomingMessage | null }));
  });
}

function endOf({ res, upgraded }: { res?: IncomingMessage | null; upgraded?: boolean }): CallAttributes {
  // The caller destroyed the request before its response.
  if (!res) return { 'error.type': 'ECONNRESET' };
  const attributes = statusAttributes(res.statusCode ?? 0);
  if (res.complete || upgraded) return attributes;
  return { ...attributes, 'error.type': errorType(res.errored ?? { code: 'ECONNRESET' }) };
}
