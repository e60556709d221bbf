import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { readRetryAfter } from './backoff.ts';
import { reasonOf } from './refusal.ts';
import { readUrlSourceOptions, type UrlSourceOptions, type UrlTarget } from './url-source-options.ts';

/** How one request is sent. */
export interface PostOptions {
  /** How long it may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether the process stays alive for it. */
  readonly keepsAlive: boolean;
  /** Ends it early. Default: nothing does. */
  readonly signal?: AbortSignal;
}

/** The outcome of a request; there is no status if the server could not be reached. */
export interface PostResult {
  /** The HTTP status. Absent if there was no response. */
  readonly status?: number;
  /** The shortest wait before the next attempt, as the server requested, in milliseconds. */
  readonly retryAfterMs: number;
  /** Why the request failed; undefined if the status is 2xx. The message names the server. */
  readonly failure?: string;
}

/** Sends reports to a flag server, beside its change stream. */
export interface ServerClient {
  /**
   * Posts JSON to a path of the server, e.g. `v1/metrics`, for the environment of the source. Never
   * throws, and follows no redirects.
   */
  post(path: string, json: string, options: PostOptions): Promise<PostResult>;
}

/**
 * A client of the flag server that a source names, or undefined for another kind of source.
 * @throws {TypeError} if an option is invalid or unknown.
 */
export function openServerClient(source: unknown): ServerClient | undefined {
  if (typeof source !== 'object' || source === null || 'start' in source || !('url' in source)) {
    return undefined;
  }
  const target = readUrlSourceOptions(source as UrlSourceOptions);
  return { post: async (path, json, options) => post(target, path, json, options) };
}

async function post(
  target: UrlTarget,
  path: string,
  json: string,
  options: PostOptions,
): Promise<PostResult> {
  const prefix = `the flag server at ${target.server}`;
  try {
    const response = await send(target, path, Buffer.from(json), options);
    const { statusCode: status = 0, headers } = response;
    const retryAfterMs = readRetryAfter(headers['retry-after'], Date.now());
    const isFine = status >= 200 && status < 300;
    return {
      status,
      retryAfterMs,
      ...(isFine ? {} : { failure: `${prefix} responded with ${status} to a report` }),
    };
  } catch (error) {
    return { retryAfterMs: 0, failure: `${prefix} ${reasonOf(error)}` };
  }
}

async function send(
  { base, environment, token, ca }: UrlTarget,
  path: string,
  body: Buffer,
  { timeoutMs, keepsAlive, signal }: PostOptions,
): Promise<IncomingMessage> {
  const address = new URL(path, base);
  const deadline = AbortSignal.timeout(timeoutMs);
  const options: RequestOptions = {
    method: 'POST',
    agent: false,
    signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    headers: {
      'content-type': 'application/json',
      'content-length': body.length,
      'graylane-environment': encodeURIComponent(environment),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  };
  // Loaded when they are needed, as for the change stream.
  const request =
    address.protocol === 'http:'
      ? (await import('node:http')).request(address, options)
      : (await import('node:https')).request(address, ca === undefined ? options : { ...options, ca });
  if (!keepsAlive) request.on('socket', (socket) => socket.unref());
  return responseTo(request, body);
}

/** Resolves when the whole response has arrived; its body is dropped. */
async function responseTo(request: ClientRequest, body: Buffer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', (response) => {
      response.on('error', reject);
      response.on('end', () => resolve(response));
      response.resume();
    });
    request.on('error', reject);
    request.on('close', () => reject(new Error('closed the connection without a response')));
    request.end(body);
  });
}
