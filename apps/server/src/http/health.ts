import { Router } from 'express';
import type { Descriptors } from './port/descriptors.ts';
import { methodNotAllowed } from './problem-details.ts';
import { defaultEnvironment, storeOf, type Environments } from '../store/environments.ts';
import type { FlagStore } from '../store/flag-store.ts';

/** Whether the server accepts requests. */
export interface Readiness {
  readonly ready: boolean;
}

/**
 * `/healthz`: whether the process works, and why an environment can't serve the newest rules or be
 * written. `/readyz`: whether to send requests to this server.
 */
export function health(environments: Environments, readiness: Readiness, descriptors: Descriptors): Router {
  const router = Router();
  router
    .route('/healthz')
    .get((_request, response) => {
      response.setHeader('cache-control', 'no-store');
      response.json(healthOf(environments, descriptors));
    })
    .all(methodNotAllowed('GET'));
  router
    .route('/readyz')
    .get((_request, response) => {
      const { ok, body } = readinessOf(readiness);
      response.setHeader('cache-control', 'no-store');
      response.status(ok ? 200 : 503).json(body);
    })
    .all(methodNotAllowed('GET'));
  return router;
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
