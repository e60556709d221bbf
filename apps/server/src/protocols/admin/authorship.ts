import type { IncomingMessage } from 'node:http';
import type { Authorship } from '../../store/flag-store.ts';
import { HttpProblem } from '../../http/problem-details.ts';

const maxReason = 1000;

/**
 * Who sends a change, and why: the header `Graylane-Reason`, in UTF-8 as it is or percent-encoded, at most 1,000 characters.
 * Without tokens nobody is known by name.
 */
export function authorship({ headers }: IncomingMessage): Authorship {
  const sent = headers['graylane-reason'];
  if (typeof sent !== 'string' || sent.trim() === '') return { author: 'anonymous' };
  const reason = decodePercent(decodeUtf8(sent)).trim();
  if (reason.length <= maxReason && !/\p{Cc}/u.test(reason)) return { author: 'anonymous', reason };
  throw new HttpProblem(400, `Graylane-Reason: use one line of at most ${maxReason} characters`);
}

/** Node reads header values as Latin-1, byte by byte. */
function decodeUtf8(text: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'latin1'));
  } catch {
    return text;
  }
}

/** Browsers refuse to send other characters as they are. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // "from 5% to 10%" is meant as it stands.
    return text;
  }
}
