import type { Request, Response, Router } from 'express';
import { methodNotAllowed } from '../../http/problem-details.ts';
import { RequestError } from '../../model/request-error.ts';
import type { Environments } from '../../store/environments.ts';
import { describeChange } from '../../traffic/lanes/describe-change.ts';
import type { TrafficKeeper } from '../../traffic/traffic-keeper.ts';
import { trafficOf } from './traffic-of.ts';

/** Route `…/history/{revision}/slis`: requests, errors and latency before and after a revision. */
export function changeSlisApi(router: Router, environments: Environments, keeper: TrafficKeeper): void {
  router
    .route('/environments/:environment/history/:revision/slis')
    .get(async (request: OfRevision, response: Response) => {
      const { environment, revision: name } = request.params;
      const { store, lanes } = trafficOf(environments, keeper, environment);
      const revision = await store.revision(name);
      if (revision === undefined) {
        const remedy = `GET /api/v1/environments/${encodeURIComponent(environment)}/history lists all`;
        throw new RequestError('not_found', `there is no revision ${JSON.stringify(name)} here: ${remedy}`);
      }
      response.setHeader('cache-control', 'no-cache');
      const found = describeChange(lanes.history, Date.parse(revision.at), Date.now());
      response.json({ revision: revision.revision, at: revision.at, ...found });
    })
    .all(methodNotAllowed('GET'));
}

type OfRevision = Request<{ environment: string; revision: string }>;
