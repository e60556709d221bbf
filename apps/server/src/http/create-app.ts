import express, { type Express } from 'express';
import type { Descriptors } from '../descriptors.ts';
import type { Log } from '../log.ts';
import { storeOf, type Environments } from '../store/environments.ts';
import type { ChangeStream } from '../stream/change-stream.ts';
import type { RefetchStream } from '../stream/refetch-stream.ts';
import { adminApi } from './admin-api.ts';
import { crossOrigin, guard, type GuardOptions } from './guard.ts';
import { health, type Readiness } from './health.ts';
import { ofrep } from './ofrep.ts';
import { notFound, problemHandler } from './problem-details.ts';
import { dontLinger, roomForStreams } from './room.ts';

/** What the HTTP interfaces are made of. */
export interface AppOptions {
  readonly environments: Environments;
  readonly stream: ChangeStream;
  readonly refetches: RefetchStream;
  readonly descriptors: Descriptors;
  readonly readiness: Readiness;
  readonly settings: GuardOptions & { readonly rateLimit?: number | undefined };
  readonly log: Log;
}

/** The public port: OFREP, the admin API, the change stream, health. */
export function createApp(options: AppOptions): Express {
  const { environments, stream, refetches, descriptors, settings, log } = options;
  const app = newApp(options);
  const room = roomForStreams(descriptors);
  app.use('/ofrep/v1/events', room);
  app.use(
    '/ofrep/v1',
    crossOrigin(settings),
    ofrep({ environments, refetches, rateLimit: settings.rateLimit, log }),
  );
  app.use('/api/v1/environments/:environment/stream', room);
  app.get('/api/v1/environments/:environment/stream', (request, response) => {
    stream.connect(request, response, storeOf(environments, request.params.environment), request.query);
  });
  app.use('/api/v1', adminApi(environments));
  app.use(notFound, problemHandler(log));
  return app;
}

/** The management port: what operators and orchestrators ask. */
export function createManagementApp(options: Omit<AppOptions, 'stream' | 'refetches'>): Express {
  const app = newApp(options);
  app.use(notFound, problemHandler(options.log));
  return app;
}

/** What both ports have. */
function newApp({
  environments,
  descriptors,
  readiness,
  settings,
}: Omit<AppOptions, 'stream' | 'refetches'>): Express {
  const app = express().disable('x-powered-by').disable('etag').set('query parser', 'simple');
  app.use(guard(settings), dontLinger(descriptors), health(environments, readiness, descriptors));
  return app;
}
