import type { IncomingMessage } from 'node:http';
import { RequestError } from '../../model/request-error.ts';

/**
 * Lets a write pass only where its author has seen what it replaces (RFC 9110, section 13): `If-Match` with the ETag to change or
 * remove something, `If-None-Match: *` to create it. `current` is undefined where there is nothing yet; `noun` says what it is.
 * @throws {RequestError} 428 without a condition, 400 where its ETag is not quoted, 412 where it is not met.
 */
export function precondition({ headers }: IncomingMessage, noun: string, current: string | undefined): void {
  const match = headers['if-match'];
  const noneMatch = headers['if-none-match'];
  if (match === undefined && noneMatch === undefined) {
    throw new RequestError(
      'precondition_required',
      current === undefined
        ? `to create the ${noun}, send "If-None-Match: *"`
        : `to change the ${noun}, send "If-Match" with the ETag that GET answers, now ${current}`,
    );
  }
  if (match !== undefined) refuseUnquoted('If-Match', match);
  if (noneMatch !== undefined) refuseUnquoted('If-None-Match', noneMatch);
  if (match !== undefined && !matches(match, current)) {
    throw new RequestError(
      'precondition_failed',
      current === undefined
        ? `there is no such ${noun}: to create it, send "If-None-Match: *" instead of "If-Match"`
        : `the ${noun} has changed meanwhile: read it again; its ETag is now ${current}`,
    );
  }
  if (noneMatch !== undefined && matches(noneMatch, current)) {
    throw new RequestError(
      'precondition_failed',
      `the ${noun} is there already: to change it, send "If-Match: ${current}"`,
    );
  }
}

/** An ETag without its quotes would match nothing, and the answer would name the very text that was sent. */
function refuseUnquoted(header: string, condition: string): void {
  const rest = condition.replaceAll(/(?:W\/)?"[^"]*"/g, '').split(',');
  const bare = rest.map((tag) => tag.replaceAll('"', '').trim()).find((tag) => tag !== '' && tag !== '*');
  if (bare !== undefined)
    throw new RequestError('invalid_request', `an ETag is quoted: ${header}: "${bare}"`);
}

/** `If-Match` compares strongly, so a weak validator never matches. */
function matches(condition: string, current: string | undefined): boolean {
  if (current === undefined) return false;
  return condition.trim() === '*' || condition.split(',').some((tag) => tag.trim() === current);
}
