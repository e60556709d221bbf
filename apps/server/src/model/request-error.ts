import type { Problem } from '@graylane/flags';

/**
 * Why a request is refused, independent of the transport. Each protocol maps the codes to its own.
 */
export type RequestErrorCode =
  | 'conflict'
  | 'forbidden'
  | 'invalid_context'
  | 'invalid_request'
  | 'method_not_allowed'
  | 'no_room'
  | 'not_found'
  | 'precondition_failed'
  | 'precondition_required'
  | 'rate_limited'
  | 'too_large'
  | 'unauthenticated'
  | 'unparsable'
  /** The request is well formed, and what it describes can't be done; `problems` has the paths. */
  | 'unprocessable'
  | 'unsupported_type'
  | 'wrong_host'
  | 'wrong_version'
  // Of a store:
  /** The change or document breaks a rule of the format; `problems` has the JSON paths. */
  | 'invalid'
  | 'unknown_environment'
  | 'name_taken'
  /** The environment `default` can't be removed. */
  | 'protected'
  /** The server was started with --read-only, or serves a source that can't be written. */
  | 'read_only'
  /** The flags file has an edit that must be corrected before anything else can be written. */
  | 'pending_fault'
  | 'disk_full'
  /** The write names a term of leadership that has ended. */
  | 'stale_term'
  | 'unwritable';

/** The details of a refusal beside its code and message. */
export interface RequestErrorDetails extends ErrorOptions {
  readonly problems?: readonly Problem[] | undefined;
  /** The seconds after which the client may try again. */
  readonly retryAfterS?: number;
  /** The methods that the resource has. */
  readonly allow?: readonly string[];
  /** How to authenticate: the value of `WWW-Authenticate` (RFC 9110, section 11.6.1). */
  readonly challenge?: string;
}

/** A refusal that the client can do something about: the message names the remedy. */
export class RequestError extends Error {
  readonly code: RequestErrorCode;
  readonly problems: RequestErrorDetails['problems'];
  readonly retryAfterS: number | undefined;
  readonly allow: readonly string[] | undefined;
  readonly challenge: string | undefined;

  constructor(code: RequestErrorCode, message: string, details: RequestErrorDetails = {}) {
    const { problems, retryAfterS, allow, challenge, ...options } = details;
    super(message, options);
    this.name = 'RequestError';
    this.code = code;
    this.problems = problems;
    this.retryAfterS = retryAfterS;
    this.allow = allow;
    this.challenge = challenge;
  }
}
