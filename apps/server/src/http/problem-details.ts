import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Log } from '../log.ts';
import { noteRefusal } from '../metrics/refusal-metrics.ts';
import { RequestError, type RequestErrorCode } from '../model/request-error.ts';
import { httpStatusOf } from './http-status.ts';

/** Refuses a request that matched no route. */
export const notFound: RequestHandler = (request) => {
  throw new RequestError('not_found', `there is no route ${request.method} ${request.path}`);
};

/** Refuses the methods that a route does not have (RFC 9110, section 15.5.6). */
export function methodNotAllowed(...allow: readonly string[]): RequestHandler {
  return ({ method }) => {
    throw wrongMethod(method, allow);
  };
}

/** The refusal of a method that a resource does not have. */
export function wrongMethod(method: string | undefined, allow: readonly string[]): RequestError {
  return new RequestError('method_not_allowed', `${method} is not allowed here: use ${allow.join(', ')}`, {
    allow,
  });
}

/** Responds to errors of express routes with `application/problem+json`. */
export function problemHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) next(error);
    else sendProblem(error, response, log);
  };
}

/**
 * Responds to one error with a problem document (RFC 9457). A fault of the server is logged and not
 * sent; a refusal is sent and not logged.
 */
export function sendProblem(error: unknown, response: ServerResponse, log: Log): void {
  const refusal = toRefusal(error);
  if (refusal === undefined) logFault(error, log);
  else setRefusalHeaders(refusal, response);
  const status = refusal === undefined ? 500 : httpStatusOf(refusal);
  const detail = refusal === undefined ? 'the server failed: see its log' : refusal.message;
  response.statusCode = status;
  response.setHeader('content-type', 'application/problem+json; charset=utf-8');
  response.end(
    JSON.stringify({
      type: 'about:blank',
      title: STATUS_CODES[status],
      status,
      detail,
      problems: refusal?.problems,
    }),
  );
}

/**
 * Sets the headers that belong to a refusal (`Retry-After`, `Allow` and `WWW-Authenticate`), and
 * notes its reason for the metrics.
 */
export function setRefusalHeaders(refusal: RequestError, response: ServerResponse): void {
  const { code, retryAfterS, allow, challenge } = refusal;
  noteRefusal(response, code);
  if (retryAfterS !== undefined) response.setHeader('retry-after', retryAfterS);
  if (allow !== undefined) response.setHeader('allow', allow.join(', '));
  if (challenge !== undefined) response.setHeader('www-authenticate', challenge);
}

/** Logs an error that no client caused. */
export function logFault(error: unknown, log: Log): void {
  log.warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
}

/** Express's own errors carry a status of HTTP: a path that is not well encoded, for example. */
function toRefusal(error: unknown): RequestError | undefined {
  if (error instanceof RequestError) return error;
  const { status, message } = error as Readonly<Record<string, unknown>>;
  const code = typeof status === 'number' ? codes[status] : undefined;
  return code && new RequestError(code, String(message), { cause: error });
}

const codes: Readonly<Record<number, RequestErrorCode>> = {
  400: 'invalid_request',
  404: 'not_found',
  413: 'too_large',
  415: 'unsupported_type',
};
