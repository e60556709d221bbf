import type { Request, Response, Router } from 'express';
import { methodNotAllowed } from '../../http/problem-details.ts';
import type { Environments } from '../../store/environments.ts';
import type { TrafficKeeper } from '../../traffic/traffic-keeper.ts';
import { trafficOf } from './traffic-of.ts';

/**
 * Route `…/contexts`: the evaluation contexts that this server got lately by OFREP, with the
 * attributes that `--record-attributes` names.
 */
export function contextsApi(router: Router, environments: Environments, keeper: TrafficKeeper): void {
  router
    .route('/environments/:environment/contexts')
    .get((request: OfEnvironment, response: Response) => {
      const { contexts } = trafficOf(environments, keeper, request.params.environment);
      response.setHeader('cache-control', 'no-cache');
      response.json({
        recorded: contexts?.attributes ?? [],
        contexts: (contexts?.all ?? []).map(({ context, count, last }) => ({
          context,
          count,
          last: new Date(last).toISOString(),
        })),
      });
    })
    .all(methodNotAllowed('GET'));
}

type OfEnvironment = Request<{ environment: string }>;
