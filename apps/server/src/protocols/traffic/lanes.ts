import type { Request, Response, Router } from 'express';
import { methodNotAllowed } from '../../http/problem-details.ts';
import { Rollouts } from '../../rollouts/control/rollouts.ts';
import type { Environments } from '../../store/environments.ts';
import { ownsRule } from '../../rollouts/process/record.ts';
import { describeLanes } from '../../traffic/lanes/describe-lanes.ts';
import type { TrafficKeeper } from '../../traffic/traffic-keeper.ts';
import { trafficOf } from './traffic-of.ts';

/** Route `…/lanes`: who is gray now, and how that goes. */
export function lanesApi(router: Router, environments: Environments, keeper: TrafficKeeper): void {
  router
    .route('/environments/:environment/lanes')
    .get(async (request: OfEnvironment, response: Response) => {
      const { store, lanes: traffic, traces } = trafficOf(environments, keeper, request.params.environment);
      const rollouts = (await new Rollouts(store).list()).filter(ownsRule);
      const { flags } = store.snapshot;
      response.setHeader('cache-control', 'no-cache');
      response.json(describeLanes({ flags, traffic, lapses: traces.lapses, rollouts }, Date.now()));
    })
    .all(methodNotAllowed('GET'));
}

type OfEnvironment = Request<{ environment: string }>;
