import { Code, ConnectError, createContextKey, type ContextKey, type Interceptor } from '@connectrpc/connect';
import { RequestError, type RequestErrorCode } from '../../model/request-error.ts';
import { logFault } from '../../http/problem-details.ts';
import type { Log } from '../../log.ts';

/** The refusal of a call that did not pass the front door: the protocol of the call encodes it. */
export const refusalKey: ContextKey<unknown> = createContextKey(undefined, {
  description: 'why the call is refused',
});

/** The number of different refusals that are logged, each of them once. */
const maxLogged = 20;

/** Maps every error of a call to its gRPC status. */
export function errorInterceptor(log: Log): Interceptor {
  const logged = new Set<string>();
  const toStatus = (error: unknown): ConnectError => {
    const status = toConnectError(error, log);
    // Some clients show the code of the status only (Python's), or nothing until their deadline
    // (Java's): the operator finds the name in the log.
    const { code, rawMessage } = status;
    if (code === Code.FailedPrecondition && !logged.has(rawMessage) && logged.size < maxLogged) {
      logged.add(rawMessage);
      log.warn(`refused a gRPC call: ${rawMessage}`);
    }
    return status;
  };
  return (next) => async (request) => {
    try {
      const refusal = request.contextValues.get(refusalKey);
      if (refusal !== undefined) throw refusal;
      const response = await next(request);
      return response.stream ? { ...response, message: mapped(response.message, toStatus) } : response;
    } catch (error) {
      throw toStatus(error);
    }
  };
}

async function* mapped<T>(
  messages: AsyncIterable<T>,
  toStatus: (error: unknown) => ConnectError,
): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    throw toStatus(error);
  }
}

/** The status of an error. A fault of the server is logged and not sent. */
function toConnectError(error: unknown, log: Log): ConnectError {
  if (error instanceof ConnectError) return error;
  if (error instanceof RequestError) {
    const { message, code, challenge } = error;
    const headers = challenge === undefined ? undefined : { 'www-authenticate': challenge };
    return new ConnectError(message, codes[code], headers, undefined, error);
  }
  // A call that the client has cancelled.
  if ((error as Error).name === 'AbortError') return ConnectError.from(error, Code.Canceled);
  logFault(error, log);
  return new ConnectError('the server failed: see its log', Code.Internal);
}

/**
 * An unknown environment is FAILED_PRECONDITION: clients take NOT_FOUND and INVALID_ARGUMENT for a
 * missing flag and a wrong type.
 */
const codes: Readonly<Record<RequestErrorCode, Code>> = {
  invalid_request: Code.InvalidArgument,
  invalid_context: Code.InvalidArgument,
  unparsable: Code.InvalidArgument,
  unauthenticated: Code.Unauthenticated,
  forbidden: Code.PermissionDenied,
  not_found: Code.NotFound,
  method_not_allowed: Code.Unimplemented,
  conflict: Code.Aborted,
  precondition_failed: Code.FailedPrecondition,
  too_large: Code.ResourceExhausted,
  unsupported_type: Code.InvalidArgument,
  unprocessable: Code.InvalidArgument,
  wrong_host: Code.PermissionDenied,
  wrong_version: Code.Unimplemented,
  precondition_required: Code.FailedPrecondition,
  rate_limited: Code.ResourceExhausted,
  no_room: Code.Unavailable,
  // Of the store.
  invalid: Code.InvalidArgument,
  read_only: Code.PermissionDenied,
  unknown_environment: Code.FailedPrecondition,
  name_taken: Code.AlreadyExists,
  pending_fault: Code.FailedPrecondition,
  protected: Code.FailedPrecondition,
  unwritable: Code.Unavailable,
  disk_full: Code.ResourceExhausted,
  stale_term: Code.Aborted,
};
