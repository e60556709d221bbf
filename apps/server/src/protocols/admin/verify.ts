import type { Request, Response, Router } from 'express';
import { methodNotAllowed } from '../../http/problem-details.ts';
import { RequestError } from '../../model/request-error.ts';
import { storeOf, type Environments } from '../../store/environments.ts';

/** Route `…/verify`: checks the hash chain of an environment's history, and writes nothing. */
export function verifyApi(router: Router, environments: Environments): void {
  router
    .route('/environments/:environment/verify')
    .get(async (request: Request<{ environment: string }>, response: Response) => {
      const verified = await storeOf(environments, request.params.environment).verify?.();
      if (verified === undefined) {
        const remedy = 'start the server with --data DIR to keep a journal';
        throw new RequestError('not_found', `this history has no hash chain: ${remedy}`);
      }
      const { revisions, head, faults } = verified;
      response.setHeader('cache-control', 'no-store');
      response.json({ revisions, head, faults });
    })
    .all(methodNotAllowed('GET'));
}
