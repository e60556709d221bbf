import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Problem } from '@graylane/flags';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Log } from '../log.ts';
import { StoreError } from '../store/flag-store.ts';
import { syntaxFault } from '../syntax-fault.ts';

/** A refusal that the caller can do something about (RFC 9457). */
export class HttpProblem extends Error {
  readonly status: number;
  readonly problems: readonly Problem[] | undefined;

  constructor(status: number, detail: string, problems?: readonly Problem[]) {
    super(detail);
    this.name = 'HttpProblem';
    this.status = status;
    this.problems = problems;
  }
}

/** Answers what no route has answered. */
export const notFound: RequestHandler = (request) => {
  throw new HttpProblem(404, `there is nothing at ${request.method} ${request.path}`);
};

/** Answers the methods that a route does not have (RFC 9110, section 15.5.6). */
export function methodNotAllowed(...methods: readonly string[]): RequestHandler {
  return (request, response) => {
    response.setHeader('allow', methods.join(', '));
    throw new HttpProblem(405, `there is no ${request.method} here: use ${methods.join(', ')}`);
  };
}

/** Answers errors as `application/problem+json`. */
export function problemHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) next(error);
    else answerProblem(error, response, log);
  };
}

/** Answers one error. What is no fault of the caller's is logged and not told; a refusal is told and not logged. */
export function answerProblem(error: unknown, response: ServerResponse, log: Log): void {
  const problem = toProblem(error);
  if (problem.status >= 500 && problem !== error)
    log.warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const { status, message: detail, problems } = problem;
  response.statusCode = status;
  response.setHeader('content-type', 'application/problem+json; charset=utf-8');
  response.end(
    JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail, problems }),
  );
}

const storeStatus: Readonly<Record<StoreError['code'], number>> = {
  invalid: 400,
  read_only: 403,
  unknown_environment: 404,
  name_taken: 409,
  pending_fault: 409,
  protected: 409,
  unwritable: 503,
  disk_full: 507,
};

function toProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof StoreError) {
    return new HttpProblem(storeStatus[error.code], error.detail, error.problems);
  }
  const { status, type, message, body } = error as Readonly<Record<string, unknown>>;
  if (type === 'entity.parse.failed') return new HttpProblem(400, syntaxFault('the body', String(body)));
  // Errors of express itself carry their status.
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new HttpProblem(status, String(message));
  return new HttpProblem(500, 'the server failed; its log says more');
}
