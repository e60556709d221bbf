import type { ServerResponse } from 'node:http';
import { httpStatusOf } from '../../http/http-status.ts';
import { RequestError } from '../../model/request-error.ts';
import { logFault, setRefusalHeaders } from '../../http/problem-details.ts';
import { decodeSegment } from '../../http/front-door/decode-segment.ts';
import { sendJson } from '../../http/body/send-json.ts';
import type { Log } from '../../log.ts';

/**
 * Responds to an error in OFREP's shapes: a code and details, with the key for a single flag; 401
 * and 403 without a body; 500 with details alone. A fault of the server is logged and not sent.
 * @param segment the key as it stands in the path; undefined for a bulk evaluation.
 */
export function sendOfrepError(
  error: unknown,
  segment: string | undefined,
  response: ServerResponse,
  log: Log,
): void {
  if (!(error instanceof RequestError)) {
    logFault(error, log);
    sendJson(response, 500, JSON.stringify({ errorDetails: 'the server failed: see its log' }));
    return;
  }
  setRefusalHeaders(error, response);
  const status = statusOf(error);
  if (status === 401 || status === 403) {
    response.statusCode = status;
    response.end();
    return;
  }
  const key = segment === undefined ? {} : { key: decodeSegment(segment) };
  const details = { errorCode: errorCodeOf(error), errorDetails: error.message };
  sendJson(response, status, JSON.stringify({ ...key, ...details }));
}

/** OFREP reserves 404 for an unknown flag. */
function statusOf(refusal: RequestError): number {
  return refusal.code === 'unknown_environment' ? 400 : httpStatusOf(refusal);
}

function errorCodeOf({ code }: RequestError): 'PARSE_ERROR' | 'INVALID_CONTEXT' | 'GENERAL' {
  if (code === 'unparsable') return 'PARSE_ERROR';
  return code === 'invalid_context' ? 'INVALID_CONTEXT' : 'GENERAL';
}
