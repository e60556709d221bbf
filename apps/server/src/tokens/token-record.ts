import { RequestError } from '../model/request-error.ts';
import { isScope, scopes, type Scope } from './scope.ts';

/** A token as it is stored: without the token itself. */
export interface TokenRecord {
  readonly id: string;
  /** Unique, and the author of the changes that are made with the token. */
  readonly name: string;
  readonly scope: Scope;
  /** The only environment that the token is for; undefined for all. */
  readonly environment?: string | undefined;
  /** ISO 8601, as all times here. */
  readonly createdAt: string;
  /** The lifetime in days, which begins again with each rotation; undefined for no end. */
  readonly expiresInDays?: number | undefined;
  readonly expiresAt?: string | undefined;
  readonly rotatedAt?: string | undefined;
  /** The SHA-256 of the token, in hexadecimal. */
  readonly sha256: string;
  /** Tokens that a rotation has replaced, and how long they are still valid. */
  readonly previous?: readonly PreviousToken[] | undefined;
}

/** A replaced token. */
export interface PreviousToken {
  readonly sha256: string;
  readonly validUntil: string;
}

/** A token that is to be created. */
export interface TokenRequest {
  readonly name: string;
  readonly scope: Scope;
  readonly environment?: string | undefined;
  readonly expiresInDays?: number | undefined;
}

const namePattern = /^[a-z0-9][\w .@-]{0,63}$/i;

/** Authors of revisions that no token has made. */
const reserved: ReadonlySet<string> = new Set(['anonymous', 'file', 'graylane']);

const maxDays = 36_500;

/**
 * Reads the request for a new token.
 * @throws {RequestError} `invalid_request`, with what is allowed.
 */
export function readTokenRequest(sent: Readonly<Record<string, unknown>>): TokenRequest {
  const { name, scope, environment, expiresInDays, ...unknown } = sent;
  const [stray] = Object.keys(unknown);
  if (stray !== undefined) {
    throw invalid(`there is no member "${stray}": use name, scope, environment, expiresInDays`);
  }
  if (typeof name !== 'string' || !namePattern.test(name) || reserved.has(name.toLowerCase())) {
    const remedy = 'use 1 to 64 letters, digits, spaces and . _ @ -, e.g. "orders"';
    throw invalid(`a token can't have the name ${JSON.stringify(name)}: ${remedy}`);
  }
  if (!isScope(scope)) {
    throw invalid(`there is no scope ${JSON.stringify(scope)}: use one of ${scopes.join(', ')}`);
  }
  if (environment !== undefined && (typeof environment !== 'string' || environment === '')) {
    throw invalid(`environment must be the name of an environment, not ${JSON.stringify(environment)}`);
  }
  if (expiresInDays !== undefined && !isDays(expiresInDays)) {
    throw invalid(
      `expiresInDays must be above 0 and at most ${maxDays}, not ${JSON.stringify(expiresInDays)}`,
    );
  }
  return { name, scope, environment, expiresInDays };
}

/** Whether a value is a lifetime in days. */
export function isDays(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value <= maxDays;
}

function invalid(message: string): RequestError {
  return new RequestError('invalid_request', message);
}
