import { randomBytes } from 'node:crypto';
import { RequestError } from '../model/request-error.ts';
import { hashOf, newToken } from './token.ts';
import type { TokenRecord, TokenRequest } from './token-record.ts';

/** The tokens after a change, and the one that was changed. */
export interface TokenChange {
  readonly records: readonly TokenRecord[];
  readonly record: TokenRecord;
}

/** A change that has made a token, which is shown once and stored nowhere. */
export interface TokenMade extends TokenChange {
  readonly token: string;
}

/** How long a replaced token stays valid, in seconds, unless the caller chooses another time. */
export const defaultOverlapS = 300;

/** The longest overlap: a week. */
const maxOverlapS = 604_800;

const dayMs = 86_400_000;

/** @throws {RequestError} `name_taken` if another token has the name. */
export function createToken(
  records: readonly TokenRecord[],
  { name, scope, environment, expiresInDays }: TokenRequest,
  now: number,
): TokenMade {
  if (records.some((one) => one.name === name)) {
    throw new RequestError(
      'name_taken',
      `there is a token "${name}" already: rotate it, or use another name`,
    );
  }
  const token = newToken();
  const record: TokenRecord = {
    id: randomBytes(6).toString('hex'),
    name,
    scope,
    environment,
    createdAt: iso(now),
    ...expiry(expiresInDays, now),
    sha256: hashOf(token),
  };
  return { records: [...records, record], record, token };
}

/**
 * Removes a token, by its id or name.
 * @throws {RequestError} `not_found`
 */
export function revokeToken(records: readonly TokenRecord[], idOrName: string): TokenChange {
  const record = tokenOf(records, idOrName);
  return { records: records.filter((one) => one !== record), record };
}

/**
 * Replaces the secret of a token. The old one stays valid for the overlap, and never longer than it
 * was to be; a lifetime begins again.
 * @throws {RequestError} `not_found`, or `invalid_request` for an overlap that is not allowed.
 */
export function rotateToken(
  records: readonly TokenRecord[],
  idOrName: string,
  overlapS: unknown,
  now: number,
): TokenMade {
  const old = tokenOf(records, idOrName);
  if (typeof overlapS !== 'number' || !(overlapS >= 0 && overlapS <= maxOverlapS)) {
    const given = JSON.stringify(overlapS);
    throw new RequestError('invalid_request', `overlapSeconds must be 0 to ${maxOverlapS}, not ${given}`);
  }
  const token = newToken();
  const until = Math.min(now + overlapS * 1000, timeOf(old.expiresAt));
  const previous = [...(old.previous ?? []), { sha256: old.sha256, validUntil: iso(until) }];
  const record: TokenRecord = {
    ...old,
    ...expiry(old.expiresInDays, now),
    rotatedAt: iso(now),
    sha256: hashOf(token),
    previous: previous.filter(({ validUntil }) => timeOf(validUntil) > now),
  };
  return { records: records.map((one) => (one === old ? record : one)), record, token };
}

/**
 * A token by its id or name.
 * @throws {RequestError} `not_found`
 */
export function tokenOf(records: readonly TokenRecord[], idOrName: string): TokenRecord {
  const found = records.find(({ id }) => id === idOrName) ?? records.find(({ name }) => name === idOrName);
  if (found !== undefined) return found;
  const given = JSON.stringify(idOrName);
  throw new RequestError(
    'not_found',
    `there is no token ${given}: list the tokens to see their ids and names`,
  );
}

/** A time in milliseconds; without one, never. */
export function timeOf(time: string | undefined): number {
  return time === undefined ? Number.POSITIVE_INFINITY : Date.parse(time);
}

function expiry(
  expiresInDays: number | undefined,
  now: number,
): Pick<TokenRecord, 'expiresInDays' | 'expiresAt'> {
  return expiresInDays === undefined ? {} : { expiresInDays, expiresAt: iso(now + expiresInDays * dayMs) };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
