import express, { type Express } from 'express';
import type { Log } from '../log.ts';
import { storeOf, type Environments } from '../store/environments.ts';
import type { ChangeStream } from '../stream/change-stream.ts';
import { flagsApi } from './flags-api.ts';
import { health, type Readiness } from './health.ts';
import { ofrep } from './ofrep.ts';
import { notFound, problemHandler } from './problem-details.ts';

/** What the HTTP interfaces are made of. */
export interface AppOptions {
  readonly environments: Environments;
  readonly stream: ChangeStream;
  readonly readiness: Readiness;
  readonly log: Log;
}

/** The public port: OFREP, the admin API, the change stream, health. */
export function createApp({ environments, stream, readiness, log }: AppOptions): Express {
  const app = newApp();
  app.use(health(environments, readiness));
  app.use('/ofrep/v1', ofrep(environments));
  app.get('/api/v1/environments/:environment/stream', (request, response) => {
    stream.connect(request, response, storeOf(environments, request.params.environment), request.query);
  });
  app.use('/api/v1/environments/:environment', flagsApi(environments));
  app.use(notFound, problemHandler(log));
  return app;
}

/** The management port: what operators and orchestrators ask. */
export function createManagementApp({ environments, readiness, log }: Omit<AppOptions, 'stream'>): Express {
  const app = newApp();
  app.use(health(environments, readiness));
  app.use(notFound, problemHandler(log));
  return app;
}

function newApp(): Express {
  return express().disable('x-powered-by').disable('etag').set('query parser', 'simple');
}
