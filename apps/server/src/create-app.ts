import type { RequestListener } from 'node:http';
import express, { type Express } from 'express';
import type { Descriptors } from './http/descriptors.ts';
import type { Log } from './log.ts';
import type { Environments } from './store/environments.ts';
import type { ChangeStream } from './protocols/stream/change-stream.ts';
import type { RefetchStream } from './protocols/ofrep/refetch-stream.ts';
import { adminApi } from './protocols/admin/routes.ts';
import { crossOrigin, Guard, type GuardOptions } from './http/guard.ts';
import { health, type Readiness } from './http/health.ts';
import { ofrepRoutes } from './protocols/ofrep/routes.ts';
import { notFound, problemHandler } from './http/problem-details.ts';
import { dontLinger } from './http/load-shedding.ts';
import { streamRoutes } from './protocols/stream/routes.ts';

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
