import { Router } from 'express';
import type { Environments } from '../../store/environments.ts';
import type { UsageKeeper } from '../../usage/usage-keeper.ts';
import { usageApi } from './usage.ts';

/** The parts that the routes of traffic read. */
export interface TrafficOptions {
  readonly environments: Environments;
  readonly usage: UsageKeeper;
}

/** The reports of services and providers, below `/api/v1`, as the OpenAPI document describes it. */
export function trafficApi({ environments, usage }: TrafficOptions): Router {
  const router = Router();
  usageApi(router, environments, usage);
  return router;
}
