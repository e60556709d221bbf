import type { IncomingMessage } from 'node:http';
import { RequestError } from '../../model/request-error.ts';

/**
 * Lets a write pass only if its author has seen what it replaces (RFC 9110, section 13): `If-Match`
 * with the ETag to change or remove something, `If-None-Match: *` to create it.
 * @param noun `flag`, `segment` or `environment`, for messages.
 * @param current its ETag; undefined if it does not exist.
 * @throws {RequestError} `precondition_required` without a condition, `invalid_request` for an ETag
 * without quotes, `precondition_failed` if the condition is not met.
 */
export function precondition({ headers }: IncomingMessage, noun: string, current: string | undefined): void {
  const match = headers['if-match'];
  const noneMatch = headers['if-none-match'];
  if (match === undefined && noneMatch === undefined) {
    throw new RequestError(
      'precondition_required',
      current === undefined
        ? `to create the ${noun}, send "If-None-Match: *"`
        : `to change the ${noun}, send "If-Match" with its ETag, now ${current}`,
    );
  }
  if (match !== undefined) refuseUnquoted('If-Match', match);
  if (noneMatch !== undefined) refuseUnquoted('If-None-Match', noneMatch);
  if (match !== undefined && !matches(match, current)) {
    throw new RequestError(
      'precondition_failed',
      current === undefined
        ? `the ${noun} does not exist: to create it, send "If-None-Match: *" instead of "If-Match"`
        : `the ${noun} has changed in the meantime: read it again; its ETag is now ${current}`,
    );
  }
  if (noneMatch !== undefined && matches(noneMatch, current)) {
    throw new RequestError(
      'precondition_failed',
      `the ${noun} exists already: to change it, send "If-Match: ${current}"`,
    );
  }
}

/** Without quotes, an ETag would match nothing, and the message would name the very same ETag. */
function refuseUnquoted(header: string, condition: string): void {
  const rest = condition.replaceAll(/(?:W\/)?"[^"]*"/g, '').split(',');
  const bare = rest.map((tag) => tag.replaceAll('"', '').trim()).find((tag) => tag !== '' && tag !== '*');
  if (bare !== undefined)
    throw new RequestError('invalid_request', `ETags must be quoted: send ${header}: "${bare}"`);
}

/** `If-Match` compares strongly, so a weak validator never matches. */
function matches(condition: string, current: string | undefined): boolean {
  if (current === undefined) return false;
  return condition.trim() === '*' || condition.split(',').some((tag) => tag.trim() === current);
}
