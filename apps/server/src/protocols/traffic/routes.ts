import { Router } from 'express';
import type { Environments } from '../../store/environments.ts';
import type { TrafficKeeper } from '../../traffic/traffic-keeper.ts';
import type { UsageKeeper } from '../../usage/usage-keeper.ts';
import { changeSlisApi } from './change-slis.ts';
import { contextsApi } from './contexts.ts';
import { lanesApi } from './lanes.ts';
import { mapApi } from './map.ts';
import { usageApi } from './usage.ts';

/** The parts that the routes of traffic read. */
export interface TrafficOptions {
  readonly environments: Environments;
  readonly usage: UsageKeeper;
  readonly traffic: TrafficKeeper;
}

/** The reports of services and providers, below `/api/v1`, as the OpenAPI document describes it. */
export function trafficApi({ environments, usage, traffic }: TrafficOptions): Router {
  const router = Router();
  usageApi(router, environments, usage);
  lanesApi(router, environments, traffic);
  mapApi(router, environments, traffic);
  changeSlisApi(router, environments, traffic);
  contextsApi(router, environments, traffic);
  return router;
}
