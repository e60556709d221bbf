import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from './access.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { send, text, type Reply } from './reply.ts';
import { BadQuery, type Route, type Routes } from './route.ts';

/** How long a recording may take with its transfer, in milliseconds. */
const longestMs = 5 * 60_000;

/** Finds the route of a request, checks who may see it, and responds. */
export class Dispatcher {
  readonly #readings: Routes;
  readonly #diagnostics: Routes;
  readonly #access: Access;
  readonly #recordings = new OneAtATime();

  constructor(readings: Routes, diagnostics: Routes, access: Access) {
    this.#readings = readings;
    this.#diagnostics = diagnostics;
    this.#access = access;
  }

  /**
   * `boundTo` is the address that the port listens on, not the one that the peer has connected to.
   */
  async handle(request: IncomingMessage, response: ServerResponse, boundTo: string): Promise<void> {
    const withBody = request.method !== 'HEAD';
    const url = new URL(request.url ?? '/', 'http://management');
    const reply = await this.#refusal(request, url.pathname, boundTo);
    if (reply) {
      await send(response, reply, withBody);
      return;
    }
    const route = this.#routeOf(url.pathname);
    const respond = async (): Promise<void> => {
      await send(response, await replyOf(route, request, url.searchParams, response), withBody);
    };
    if (route.isRecording !== true) {
      await respond();
      return;
    }
    const timer = setTimeout(() => response.destroy(), longestMs).unref();
    const busy = await this.#recordings.run(url.pathname, respond);
    clearTimeout(timer);
    if (busy) await send(response, busy, withBody);
  }

  async #refusal(request: IncomingMessage, path: string, boundTo: string): Promise<Reply | undefined> {
    const isReading = Object.hasOwn(this.#readings, path);
    // Access is checked first: a 404 would reveal which diagnostics exist.
    const refusal = isReading ? undefined : await this.#access.refusal(request, boundTo);
    if (refusal) return refusal;
    if (!isReading && !Object.hasOwn(this.#diagnostics, path)) {
      return text(`${path} does not exist: see ${Object.keys(this.#readings).join(', ')} and /debug/`, 404);
    }
    // The head of a recording would take as long as the recording.
    const allowed = this.#routeOf(path).isRecording ? ['GET'] : ['GET', 'HEAD'];
    if (allowed.includes(request.method ?? '')) return undefined;
    return text(`${request.method} is not allowed: use GET`, 405, { allow: allowed.join(', ') });
  }

  #routeOf(path: string): Route {
    return (this.#readings[path] ?? this.#diagnostics[path]) as Route;
  }
}

async function replyOf(
  route: Route,
  { headers }: IncomingMessage,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<Reply> {
  const gone = new AbortController();
  const abort = (): void => gone.abort();
  response.once('close', abort);
  try {
    return await route.respond({ query, accept: headers.accept ?? '', signal: gone.signal });
  } catch (error) {
    if (error instanceof BadQuery) return text(error.message, 400);
    return text(error instanceof Error ? error.message : String(error), 500);
  } finally {
    response.off('close', abort);
  }
}
