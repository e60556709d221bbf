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
  readonly #loadDiagnostics: () => Promise<Routes>;
  readonly #access: Access;
  readonly #recordings = new OneAtATime();

  /** `diagnostics` loads at the first request of one. */
  constructor(readings: Routes, diagnostics: () => Promise<Routes>, access: Access) {
    this.#readings = readings;
    this.#loadDiagnostics = diagnostics;
    this.#access = access;
  }

  /**
   * `boundTo` is the address that the port listens on, not the one that the peer has connected to.
   */
  async handle(request: IncomingMessage, response: ServerResponse, boundTo: string): Promise<void> {
    const withBody = request.method !== 'HEAD';
    const url = new URL(request.url ?? '/', 'http://management');
    const route = await this.#admit(request, url.pathname, boundTo);
    if (!('respond' in route)) {
      await send(response, route, withBody);
      return;
    }
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

  /** The route of a request, or its refusal. */
  async #admit(request: IncomingMessage, path: string, boundTo: string): Promise<Route | Reply> {
    let routes = this.#readings;
    if (!Object.hasOwn(routes, path)) {
      // Access is checked first: a 404 would reveal which diagnostics exist.
      const refusal = await this.#access.refusal(request, boundTo);
      if (refusal) return refusal;
      routes = await this.#loadDiagnostics();
    }
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (route === undefined) {
      return text(`${path} does not exist: see ${Object.keys(this.#readings).join(', ')} and /debug/`, 404);
    }
    // The head of a recording would take as long as the recording.
    const allowed = route.isRecording ? ['GET'] : ['GET', 'HEAD'];
    if (allowed.includes(request.method ?? '')) return route;
    return text(`${request.method} is not allowed: use GET`, 405, { allow: allowed.join(', ') });
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
