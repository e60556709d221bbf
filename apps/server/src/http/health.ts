import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../log.ts';
import { sendJson } from './body/send-json.ts';
import type { Descriptors } from './port/descriptors.ts';
import { sendProblem, wrongMethod } from './problem-details.ts';
import { defaultEnvironment, storeOf, type Environments } from '../store/environments.ts';
import type { FlagStore } from '../store/flag-store.ts';

/** Whether the server accepts requests. */
export interface Readiness {
  readonly ready: boolean;
}

/** The parts that health is read from. */
export interface HealthOptions {
  readonly environments: Environments;
  readonly readiness: Readiness;
  readonly descriptors: Descriptors;
  readonly log: Log;
}

/**
 * `/healthz`: whether the process works, and why an environment can't serve the newest rules or be
 * written. `/readyz`: whether to send requests to this server. Returns a function that serves a
 * request and returns true, or returns false for another path.
 */
export function healthRoutes({
  environments,
  readiness,
  descriptors,
  log,
}: HealthOptions): (request: IncomingMessage, response: ServerResponse) => boolean {
  return ({ method, url }, response) => {
    const [, path] = /^\/(healthz|readyz)\/?(?:\?|$)/.exec(url ?? '') ?? [];
    if (path === undefined) return false;
    if (method !== 'GET' && method !== 'HEAD') {
      sendProblem(wrongMethod(method, ['GET']), response, log);
      return true;
    }
    const { ok, body } =
      path === 'readyz' ? readinessOf(readiness) : { ok: true, body: healthOf(environments, descriptors) };
    response.setHeader('cache-control', 'no-store');
    sendJson(response, ok ? 200 : 503, JSON.stringify(body));
    return true;
  };
}

/** The body of `/healthz`. */
export function healthOf(environments: Environments, descriptors: Descriptors): object {
  const stores = environments.names.map((name) => [name, storeOf(environments, name)] as const);
  const { use: connections, scarce } = descriptors;
  const degraded = scarce || stores.some(([, store]) => store.health().degraded);
  return {
    status: degraded ? 'degraded' : 'ok',
    ...(scarce && {
      note: 'new streams are refused until connections close: raise the limit of open files',
    }),
    ...describe(storeOf(environments, defaultEnvironment)),
    connections,
    environments: Object.fromEntries(stores.map(([name, store]) => [name, describe(store)])),
  };
}

/** The body of `/readyz`, and whether it is 200. */
export function readinessOf({ ready }: Readiness): { readonly ok: boolean; readonly body: object } {
  return { ok: ready, body: { status: ready ? 'ready' : 'stopping' } };
}

function describe(store: FlagStore): object {
  const { revision, flags } = store.snapshot;
  const { readOnly, details } = store.health();
  return { revision, flags: flags.size, readOnly, ...details };
}
