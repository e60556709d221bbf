import type { RequestError, RequestErrorCode } from '../model/request-error.ts';

/** The status of a refusal in HTTP (RFC 9110, section 15). */
export function httpStatusOf({ code }: RequestError): number {
  return statuses[code];
}

const statuses: Readonly<Record<RequestErrorCode, number>> = {
  invalid_request: 400,
  invalid_context: 400,
  unparsable: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  precondition_failed: 412,
  too_large: 413,
  unsupported_type: 415,
  unprocessable: 422,
  wrong_host: 421,
  precondition_required: 428,
  rate_limited: 429,
  wrong_version: 505,
  no_room: 503,
  // Of the store.
  invalid: 400,
  read_only: 403,
  unknown_environment: 404,
  name_taken: 409,
  pending_fault: 409,
  protected: 409,
  stale_term: 409,
  unwritable: 503,
  disk_full: 507,
};
