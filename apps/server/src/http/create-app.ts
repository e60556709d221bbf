import express, { type Express } from 'express';
import type { Log } from '../log.ts';
import type { FlagStore } from '../store/flag-store.ts';
import type { ChangeStream } from '../stream/change-stream.ts';
import { flagsApi } from './flags-api.ts';
import { health, type Readiness } from './health.ts';
import { ofrep } from './ofrep.ts';
import { notFound, problemHandler } from './problem-details.ts';

/** What the HTTP interfaces are made of. */
export interface AppOptions {
  readonly store: FlagStore;
  readonly stream: ChangeStream;
  readonly readiness: Readiness;
  readonly log: Log;
}

/** The public port: OFREP, the admin API, the change stream, health. */
export function createApp({ store, stream, readiness, log }: AppOptions): Express {
  const app = newApp();
  app.use(health(store, readiness));
  app.use('/ofrep/v1', ofrep(store));
  app.get('/api/v1/environments/default/stream', (request, response) => {
    stream.connect(request, response, request.query);
  });
  app.use('/api/v1/environments/default', flagsApi(store));
  app.use(notFound, problemHandler(log));
  return app;
}

/** The management port: what operators and orchestrators ask. */
export function createManagementApp({ store, readiness, log }: Omit<AppOptions, 'stream'>): Express {
  const app = newApp();
  app.use(health(store, readiness));
  app.use(notFound, problemHandler(log));
  return app;
}

function newApp(): Express {
  return express().disable('x-powered-by').disable('etag').set('query parser', 'simple');
}
