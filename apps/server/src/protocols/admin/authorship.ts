import type { IncomingMessage } from 'node:http';
import { principalOf } from '../../http/front-door/principal.ts';
import { RequestError } from '../../model/request-error.ts';
import type { Authorship } from '../../model/revision.ts';

const maxReason = 1000;

/**
 * The author of a change, and the reason in the header `Graylane-Reason`: UTF-8, plain or
 * percent-encoded, one line of at most 1,000 characters.
 * @throws {RequestError} `invalid_request` for any other reason.
 */
export function authorship(request: IncomingMessage): Authorship {
  const author = principalOf(request).name;
  const sent = request.headers['graylane-reason'];
  if (typeof sent !== 'string' || sent.trim() === '') return { author };
  const reason = decodePercent(decodeUtf8(sent)).trim();
  if (reason.length <= maxReason && !/\p{Cc}/u.test(reason)) return { author, reason };
  throw new RequestError(
    'invalid_request',
    `Graylane-Reason must be one line of at most ${maxReason} characters`,
  );
}

/** Node reads header values as Latin-1, byte by byte. */
function decodeUtf8(text: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'latin1'));
  } catch {
    return text;
  }
}

/** Browsers refuse to send other characters unencoded. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A reason like "from 5% to 10%" is not encoded.
    return text;
  }
}
