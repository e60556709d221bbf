import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import { notFound, problemHandler } from '../http/problem-details.ts';
import { adminApi } from '../protocols/admin/routes.ts';
import { killApi } from '../protocols/kill/routes.ts';
import { rolloutsApi } from '../protocols/rollouts/routes.ts';
import { trafficApi } from '../protocols/traffic/routes.ts';
import type { AppOptions } from './create-app.ts';

/** The admin API, on express, which also refuses the requests that matched no other route. */
export function createApi(options: AppOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const { environments, door, log } = options;
  const app = express().disable('x-powered-by').disable('etag').set('query parser', 'simple');
  app.use('/api/v1', adminApi(environments, door.tokens));
  app.use('/api/v1', rolloutsApi(options));
  app.use('/api/v1', trafficApi(options));
  app.use('/api/v1', killApi(options));
  app.use(notFound, problemHandler(log));
  return app;
}
