import type { ErrorRequestHandler, Request } from 'express';
import type { Log } from '../log.ts';
import { StoreError } from '../store/flag-store.ts';
import { syntaxFault } from '../syntax-fault.ts';
import { HttpProblem } from './problem-details.ts';

/** The evaluation context, or what else was sent, is not what OFREP asks for. */
export class OfrepError extends Error {
  readonly status: number;
  readonly errorCode: 'PARSE_ERROR' | 'INVALID_CONTEXT' | 'GENERAL';

  constructor(status: number, errorCode: OfrepError['errorCode'], errorDetails: string) {
    super(errorDetails);
    this.status = status;
    this.errorCode = errorCode;
  }
}

/**
 * Answers errors in OFREP's shapes: a code and details; 401 and 403 without a body; 500 with details alone. What is no fault of the
 * caller's is logged and not told.
 */
export function ofrepErrors(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const known = toOfrepError(error);
    if (known === undefined) {
      log.warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
      response.status(500).json({ errorDetails: 'the server failed; its log says more' });
    } else if (known.status === 401 || known.status === 403) {
      response.status(known.status).end();
    } else {
      const { status, errorCode, message } = known;
      response.status(status).json({ ...keyOf(request), errorCode, errorDetails: message });
    }
  };
}

function toOfrepError(error: unknown): OfrepError | undefined {
  if (error instanceof OfrepError) return error;
  if (error instanceof StoreError && error.code === 'unknown_environment') {
    return new OfrepError(400, 'GENERAL', error.detail);
  }
  if (error instanceof HttpProblem) return new OfrepError(error.status, 'GENERAL', error.message);
  const { status, type, message, body } = error as Readonly<Record<string, unknown>>;
  if (type === 'entity.parse.failed') {
    return new OfrepError(400, 'PARSE_ERROR', syntaxFault('the body', String(body)));
  }
  // Errors of express itself carry their status.
  const isCallers = typeof status === 'number' && status >= 400 && status < 500;
  return isCallers ? new OfrepError(status, 'GENERAL', String(message)) : undefined;
}

/** The flag that was asked for, as it stands in the path where it can't be decoded. */
function keyOf({ path }: Request): { key?: string } {
  const [, encoded] = /^\/evaluate\/flags\/([^/]+)$/.exec(path) ?? [];
  if (encoded === undefined) return {};
  try {
    return { key: decodeURIComponent(encoded) };
  } catch {
    return { key: encoded };
  }
}
