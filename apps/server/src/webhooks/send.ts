import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { headersOf, type Message } from './message.ts';
import { isPublicAddress, publicLookup } from './public-lookup.ts';
import type { Webhook } from './webhook.ts';

/** The result of an attempt. A refusal is final; a failure may be tried again. */
export type Attempt =
  | { readonly result: 'delivered' }
  | { readonly result: 'refused' | 'failed'; readonly reason: string; readonly retryAfterS?: number };

const timeoutMs = 10_000;

/** Sends a message once. Redirects are not followed. Never rejects. */
export async function send(message: Message, webhook: Webhook, signal: AbortSignal): Promise<Attempt> {
  const url = new URL(webhook.url);
  const isLiteral = /^[\d.]+$|^\[/.test(url.hostname);
  if (!webhook.private && isLiteral && !isPublicAddress(url.hostname)) {
    return {
      result: 'refused',
      reason: `${url.hostname} is not a public address: set "private": true if it is meant`,
    };
  }
  const request = url.protocol === 'http:' ? requestHttp : requestHttps;
  const headers = { ...headersOf(message, webhook, Date.now()), 'user-agent': 'graylane-server' };
  return new Promise((resolve) => {
    const sent = request(
      url,
      {
        method: 'POST',
        headers,
        agent: false,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        ...(!webhook.private && { lookup: publicLookup }),
      },
      (response) => {
        // The status decides; the body is not read.
        response.destroy();
        resolve(attemptOf(response.statusCode ?? 0, response.headers['retry-after']));
      },
    );
    sent.on('error', (error) => resolve({ result: 'failed', reason: reasonOf(error) }));
    sent.end(message.body);
  });
}

function attemptOf(status: number, retryAfter: string | undefined): Attempt {
  if (status >= 200 && status < 300) return { result: 'delivered' };
  const reason = `it responds with ${status}`;
  const isFinal = status >= 300 && status < 500 && status !== 408 && status !== 429;
  if (isFinal) return { result: 'refused', reason };
  const seconds = Number(retryAfter);
  return { result: 'failed', reason, ...(seconds > 0 && { retryAfterS: Math.min(seconds, 3600) }) };
}

function reasonOf(error: Error): string {
  return error.name === 'TimeoutError' ? `it did not respond within ${timeoutMs / 1000} s` : error.message;
}
