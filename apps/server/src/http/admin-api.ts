import { Router } from 'express';
import type { Environments } from '../store/environments.ts';
import { partResource } from './part-resource.ts';

/** The admin API, below `/api/v1`: what the OpenAPI document describes. */
export function adminApi(environments: Environments): Router {
  const router = Router();
  partResource(router, environments, { noun: 'flag', member: 'flags', patchable: true });
  partResource(router, environments, { noun: 'segment', member: '$evaluators', patchable: false });
  return router;
}
