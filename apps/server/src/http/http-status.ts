import { RequestError } from '../model/request-error.ts';
import { StoreError } from '../store/flag-store.ts';

/** An error whose message is meant for the client. */
export type Refusal = RequestError | StoreError;

/** The code of any refusal. */
export type RefusalCode = Refusal['code'];

/** Whether the client may read the error. Any other error is a fault of the server: it is logged and not sent. */
export function isRefusal(error: unknown): error is Refusal {
  return error instanceof RequestError || error instanceof StoreError;
}

/** The message of a refusal as the client should read it. */
export function messageOf(refusal: Refusal): string {
  return refusal instanceof StoreError ? refusal.detail : refusal.message;
}

/** The status of a refusal in HTTP (RFC 9110, section 15). */
export function httpStatusOf({ code }: Refusal): number {
  return statuses[code];
}

const statuses: Readonly<Record<RefusalCode, number>> = {
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
  unwritable: 503,
  disk_full: 507,
};
