import type { IncomingMessage } from 'node:http';
import { trace } from '@opentelemetry/api';
import { principalOf } from '../../http/front-door/principal.ts';
import { RequestError } from '../../model/request-error.ts';
import { traceId, type Authorship } from '../../model/revision.ts';

const maxReason = 1000;

/**
 * The author of a change, and the reason in the header `Graylane-Reason`: UTF-8, plain or
 * percent-encoded, one line of at most 1,000 characters.
 * @throws {RequestError} `invalid_request` for any other reason.
 */
export function authorship(request: IncomingMessage): Authorship {
  const author = principalOf(request).name;
  const known = { author, [traceId]: traceOf(request) };
  const sent = request.headers['graylane-reason'];
  if (typeof sent !== 'string' || sent.trim() === '') return known;
  const reason = decodePercent(decodeUtf8(sent)).trim();
  if (reason.length <= maxReason && !/\p{Cc}/u.test(reason)) return { ...known, reason };
  throw new RequestError(
    'invalid_request',
    `Graylane-Reason must be one line of at most ${maxReason} characters`,
  );
}

/** The trace of a request: that of its span, or of its client without one (W3C Trace Context). */
function traceOf({ headers }: IncomingMessage): string | undefined {
  const [, sent] =
    /^00-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(String(headers['traceparent'])) ?? [];
  return trace.getActiveSpan()?.spanContext().traceId ?? sent;
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
