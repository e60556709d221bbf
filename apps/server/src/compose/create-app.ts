import type { RequestListener } from 'node:http';
import express from 'express';
import type { SlowReaders } from '../backpressure/slow-readers.ts';
import type { Clients } from '../clients/clients.ts';
import { consoleFiles } from '../http/console/console-files.ts';
import { noteRefusedPreflight } from '../http/front-door/cross-origin.ts';
import type { ClientAddress } from '../http/front-door/client-address.ts';
import type { FrontDoor } from '../http/front-door/front-door.ts';
import { routeNameOf } from '../http/front-door/route-scopes.ts';
import { health, type Readiness } from '../http/health.ts';
import { notFound, problemHandler, sendProblem } from '../http/problem-details.ts';
import type { Log } from '../log.ts';
import type { ServerMetrics } from '../metrics/server-metrics.ts';
import { adminApi } from '../protocols/admin/routes.ts';
import { oidcRoutes } from '../oidc/routes.ts';
import type { OidcSettings } from '../oidc/provider.ts';
import type { Sessions } from '../oidc/sessions.ts';
import { sendOtlpError } from '../protocols/otlp/errors.ts';
import { encodingOf, isOtlp, otlpRoutes } from '../protocols/otlp/routes.ts';
import { sendOfrepError } from '../protocols/ofrep/errors.ts';
import type { RefetchStream } from '../protocols/ofrep/refetch-stream.ts';
import { ofrepRoutes } from '../protocols/ofrep/routes.ts';
import type { ChangeStream } from '../protocols/stream/change-stream.ts';
import { rolloutsApi } from '../protocols/rollouts/routes.ts';
import { killApi } from '../protocols/kill/routes.ts';
import { trafficApi } from '../protocols/traffic/routes.ts';
import { streamRoutes } from '../protocols/stream/routes.ts';
import { auditRequest } from './audit-requests.ts';
import type { AuditLog } from '../relay/audit-log.ts';
import type { RequestAudit } from '../relay/request-audit.ts';
import type { RolloutController } from '../rollouts/control/controller.ts';
import type { Intake } from '../signals/intake.ts';
import type { TrafficKeeper } from '../traffic/traffic-keeper.ts';
import type { KillingEnvironments } from '../store/kill/killing-environments.ts';
import type { UsageKeeper } from '../usage/usage-keeper.ts';

/** The parts of the HTTP ports. */
export interface AppOptions {
  readonly environments: KillingEnvironments;
  readonly clients: Clients;
  readonly audit: AuditLog;
  readonly requests: RequestAudit;
  readonly addressOf: ClientAddress;
  readonly stream: ChangeStream;
  readonly refetches: RefetchStream;
  readonly intake: Intake;
  readonly rollouts: RolloutController;
  /** The addresses of the Prometheus servers that rollouts may read. */
  readonly prometheus: readonly string[];
  readonly usage: UsageKeeper;
  readonly traffic: TrafficKeeper;
  readonly door: FrontDoor;
  readonly oidc: OidcSettings | undefined;
  readonly sessions: Sessions | undefined;
  readonly readiness: Readiness;
  readonly readers: SlowReaders;
  readonly metrics: ServerMetrics;
  readonly log: Log;
}

/** The public port: OFREP, the admin API, the change stream, OTLP, the console, health. */
export function createApp(options: AppOptions): RequestListener {
  const { environments, door, metrics, log } = options;
  const routes = [ofrepRoutes(options), streamRoutes(options), oidcRoutes(options), consoleFiles()];
  const receive = otlpRoutes(options);
  const audited = { audit: options.requests, addressOf: options.addressOf };
  const app = express().disable('x-powered-by').disable('etag').set('query parser', 'simple');
  app.use(health(environments, options.readiness, door.descriptors));
  app.use('/api/v1', adminApi(environments, door.tokens));
  app.use('/api/v1', rolloutsApi(options));
  app.use('/api/v1', trafficApi(options));
  app.use('/api/v1', killApi(options));
  app.use(notFound, problemHandler(log));
  const admitted = behind(door, log, (request, response) => {
    request.url = pathOf(request.url ?? '/');
    if (routes.some((serve) => serve(request, response))) return;
    if (request.url.startsWith('/v1/') && receive(request, response)) return;
    noteRefusedPreflight(door.guard, request);
    app(request, response);
  });
  return (request, response) => {
    const route = routeNameOf(request.url ?? '/');
    // An open stream would keep alive all that its request went through.
    if (!isStream(route)) {
      metrics.requests.observe(request, response, route);
      if (request.url?.startsWith('/api/v1/') === true) auditRequest(audited, request, response, route);
    }
    admitted(request, response);
  };
}

function isStream(route: string | undefined): boolean {
  return route === '/api/v1/environments/{environment}/stream' || route === '/ofrep/v1/events';
}

/** A proxy may forward the whole URL of its own request (RFC 9112, section 3.2.2). */
function pathOf(target: string): string {
  return target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?]*/i, '') || '/';
}

/** Serves only the requests that the front door admits. */
function behind(door: FrontDoor, log: Log, listener: RequestListener): RequestListener {
  return (request, response) => {
    try {
      door.admit(request, response);
    } catch (error) {
      if (request.url?.startsWith('/ofrep/v1/')) {
        door.guard.allowReading(request, response);
        sendOfrepError(error, undefined, response, log);
      } else if (isOtlp(request.url)) sendOtlpError(error, encodingOf(request), response, log);
      else sendProblem(error, response, log);
      return;
    }
    listener(request, response);
  };
}
