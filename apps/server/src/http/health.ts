import { Router } from 'express';
import type { Descriptors } from './port/descriptors.ts';
import { defaultEnvironment, storeOf, type Environments } from '../store/environments.ts';
import type { FlagStore } from '../store/flag-store.ts';

/** Whether the server takes requests. */
export interface Readiness {
  readonly ready: boolean;
}

/**
 * `/healthz`: whether the process works, and what keeps an environment from serving the newest rules or from being written.
 * `/readyz`: whether to send it requests.
 */
export function health(environments: Environments, readiness: Readiness, descriptors: Descriptors): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    const stores = environments.names.map((name) => [name, storeOf(environments, name)] as const);
    const { use: connections, scarce } = descriptors;
    const degraded = scarce || stores.some(([, store]) => store.health().degraded);
    response.setHeader('cache-control', 'no-store');
    response.json({
      status: degraded ? 'degraded' : 'ok',
      ...(scarce && {
        note: 'new streams are turned away until connections close: raise the limit of open files',
      }),
      ...describe(storeOf(environments, defaultEnvironment)),
      connections,
      environments: Object.fromEntries(stores.map(([name, store]) => [name, describe(store)])),
    });
  });
  router.get('/readyz', (_request, response) => {
    const { ready } = readiness;
    response.setHeader('cache-control', 'no-store');
    response.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'stopping' });
  });
  return router;
}

function describe(store: FlagStore): object {
  const { revision, flags } = store.snapshot;
  const { readOnly, details } = store.health();
  return { revision, flags: flags.size, readOnly, ...details };
}
