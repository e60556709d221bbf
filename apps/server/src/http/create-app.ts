import type { RequestListener } from 'node:http';
import express, { type Express } from 'express';
import type { Descriptors } from '../descriptors.ts';
import type { Log } from '../log.ts';
import type { Environments } from '../store/environments.ts';
import type { ChangeStream } from '../stream/change-stream.ts';
import type { RefetchStream } from '../stream/refetch-stream.ts';
import { adminApi } from './admin-api.ts';
import { crossOrigin, Guard, type GuardOptions } from './guard.ts';
import { health, type Readiness } from './health.ts';
import { ofrepRoutes } from './ofrep.ts';
import { notFound, problemHandler } from './problem-details.ts';
import { dontLinger } from './room.ts';
import { streamRoutes } from './stream-routes.ts';

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
export function createApp(options: AppOptions): RequestListener {
  const { environments, settings, log } = options;
  const guard = new Guard(settings);
  const routes = [streamRoutes({ ...options, guard }), ofrepRoutes({ ...options, guard })];
  const app = newApp(options, guard);
  app.use('/ofrep/v1', crossOrigin(guard));
  app.use('/api/v1', adminApi(environments));
  app.use(notFound, problemHandler(log));
  return (request, response) => {
    request.url = pathOf(request.url ?? '/');
    if (!routes.some((serve) => serve(request, response))) app(request, response);
  };
}

/** What a proxy is asked for is a whole URL, and a proxy may pass it on as it is (RFC 9112, section 3.2.2). */
function pathOf(target: string): string {
  return target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?]*/i, '') || '/';
}

/** The management port: what operators and orchestrators ask. */
export function createManagementApp(options: ManagementOptions): RequestListener {
  const app = newApp(options, new Guard(options.settings));
  app.use(notFound, problemHandler(options.log));
  return app;
}

type ManagementOptions = Omit<AppOptions, 'stream' | 'refetches'>;

/** What both ports have. */
function newApp({ environments, descriptors, readiness }: ManagementOptions, guard: Guard): Express {
  const app = express().disable('x-powered-by').disable('etag').set('query parser', 'simple');
  app.use((request, response, next) => {
    guard.admit(request);
    dontLinger(descriptors, response);
    next();
  });
  app.use(health(environments, readiness, descriptors));
  return app;
}
