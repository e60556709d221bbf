import type { ServerResponse } from 'node:http';
import type { Log } from '../../log.ts';
import { StoreError } from '../../store/flag-store.ts';
import { syntaxFault } from '../../syntax-fault.ts';
import { HttpProblem } from '../../http/problem-details.ts';
import { sendJson } from '../../http/send-json.ts';

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
 * Answers an error in OFREP's shapes: a code and details, for one flag with its key, which is given as it stands in the path; 401 and 403
 * without a body; 500 with details alone. What is no fault of the caller's is logged and not told.
 */
export function answerOfrepError(
  error: unknown,
  segment: string | undefined,
  response: ServerResponse,
  log: Log,
): void {
  const known = toOfrepError(error);
  if (known === undefined) {
    log.warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
    sendJson(response, 500, JSON.stringify({ errorDetails: 'the server failed; its log says more' }));
  } else if (known.status === 401 || known.status === 403) {
    response.statusCode = known.status;
    response.end();
  } else {
    const { status, errorCode, message } = known;
    const key = segment === undefined ? {} : { key: decoded(segment) };
    sendJson(response, status, JSON.stringify({ ...key, errorCode, errorDetails: message }));
  }
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

/** The flag that was asked for, as it came where it can't be decoded. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
