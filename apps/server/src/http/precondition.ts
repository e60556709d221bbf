import type { IncomingMessage } from 'node:http';
import { HttpProblem } from './problem-details.ts';

/**
 * Lets a write pass only where its author has seen what it replaces (RFC 9110, section 13): `If-Match` with the flag's ETag to
 * change or remove it, `If-None-Match: *` to create it. `current` is undefined where there is no flag yet.
 * @throws {HttpProblem} 428 without a condition, 412 where it is not met.
 */
export function precondition({ headers }: IncomingMessage, current: string | undefined): void {
  const match = headers['if-match'];
  const noneMatch = headers['if-none-match'];
  if (match === undefined && noneMatch === undefined) {
    throw new HttpProblem(
      428,
      current === undefined
        ? 'to create the flag, send "If-None-Match: *"'
        : `to change the flag, send "If-Match" with the ETag that GET answers, now ${current}`,
    );
  }
  if (match !== undefined && !matches(match, current)) {
    throw new HttpProblem(
      412,
      current === undefined
        ? 'there is no such flag: to create it, send "If-None-Match: *" instead of "If-Match"'
        : `the flag has changed meanwhile: read it again; its ETag is now ${current}`,
    );
  }
  if (noneMatch !== undefined && matches(noneMatch, current)) {
    throw new HttpProblem(412, `the flag is there already: to change it, send "If-Match: ${current}"`);
  }
}

/** `If-Match` compares strongly, so a weak validator never matches. */
function matches(condition: string, current: string | undefined): boolean {
  if (current === undefined) return false;
  return condition.trim() === '*' || condition.split(',').some((tag) => tag.trim() === current);
}
