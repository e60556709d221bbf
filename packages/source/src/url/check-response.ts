import type { IncomingMessage } from 'node:http';
import { readRetryAfter } from './backoff.ts';
import { readDetail } from './read-detail.ts';
import { Refusal } from './refusal.ts';

/** @throws {Refusal} with the remedy, if the response is not a change stream. */
export async function checkResponse(response: IncomingMessage, hasToken: boolean): Promise<void> {
  const { statusCode: status = 0, headers } = response;
  if (status !== 200) {
    const retryAfterMs = readRetryAfter(headers['retry-after'], Date.now());
    const words = remedyOf(status, hasToken, headers.location) ?? (await readDetail(response));
    const hint = words ?? (status === 404 ? wrongAddress : undefined);
    throw new Refusal(`responded with ${status}${hint === undefined ? '' : `: ${hint}`}`, {
      isFinal: status === 401 || status === 403,
      retryAfterMs,
    });
  }
  const { 'content-type': type = 'no content type', 'content-encoding': encoding = 'identity' } = headers;
  if (!/^text\/event-stream\b/i.test(type)) {
    const page = /^text\/html\b/i.test(type) ? ', perhaps the login page of a proxy' : '';
    throw new Refusal(`responded with ${forMessage(type)}${page}, not text/event-stream: ${wrongAddress}`);
  }
  if (encoding.toLowerCase() !== 'identity') {
    throw new Refusal(
      `responded with content-encoding ${forMessage(encoding)}, which hides how much data is on its way: ` +
        'switch compression off in the proxy before it',
    );
  }
}

const wrongAddress = 'check that source.url is the address of a graylane flag server';

function remedyOf(status: number, hasToken: boolean, location: string | undefined): string | undefined {
  if (status === 401 && !hasToken) return 'set source.token to a token with the scope definitions';
  if (status === 401) return 'source.token is unknown, expired or revoked: create a new token';
  if (status === 403) return 'source.token may not read this environment: use one with the scope definitions';
  if (status >= 300 && status < 400 && location !== undefined) {
    return `redirects are not followed; set source.url to where it leads (${originOf(location)})`;
  }
  return undefined;
}

/** Without the path, which may hold secrets. */
function originOf(location: string): string {
  return URL.canParse(location) ? new URL(location).origin : 'another path of the same server';
}

function forMessage(header: string): string {
  return JSON.stringify(header.slice(0, 100)).slice(1, -1);
}
