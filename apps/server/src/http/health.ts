import { Router } from 'express';
import type { Descriptors } from '../descriptors.ts';
import { defaultEnvironment, storeOf, type Environments } from '../store/environments.ts';

/** Whether the server takes requests. */
export interface Readiness {
  readonly ready: boolean;
}

/** `/healthz`: whether the process works, and what keeps it from serving the newest rules. `/readyz`: whether to send it requests. */
export function health(environments: Environments, readiness: Readiness, descriptors: Descriptors): Router {
  const store = storeOf(environments, defaultEnvironment);
  const router = Router();
  router.get('/healthz', (_request, response) => {
    const { fault, snapshot } = store;
    const { use: connections, scarce } = descriptors;
    const serving = { revision: snapshot.revision, flags: snapshot.flags.size, connections };
    response.setHeader('cache-control', 'no-store');
    if (fault === undefined && scarce) {
      const note = 'new streams are turned away until connections close: raise the limit of open files';
      response.json({ status: 'degraded', note, ...serving });
    } else if (fault === undefined) response.json({ status: 'ok', ...serving });
    else {
      const { file, since, problems } = fault;
      const note = 'the last good rules are served until the file is mended';
      response.json({ status: 'degraded', note, ...serving, file, since: since.toISOString(), problems });
    }
  });
  router.get('/readyz', (_request, response) => {
    const { ready } = readiness;
    response.setHeader('cache-control', 'no-store');
    response.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'stopping' });
  });
  return router;
}
