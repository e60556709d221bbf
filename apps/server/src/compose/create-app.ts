import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { SlowReaders } from '../backpressure/slow-readers.ts';
import type { Clients } from '../clients/clients.ts';
import { consoleFiles } from '../http/console/console-files.ts';
import { noteRefusedPreflight } from '../http/front-door/cross-origin.ts';
import type { ClientAddress } from '../http/front-door/client-address.ts';
import type { FrontDoor } from '../http/front-door/front-door.ts';
import { isStream, routeNameOf } from '../http/front-door/route-scopes.ts';
import { healthRoutes, type Readiness } from '../http/health.ts';
import { lazyListener } from '../http/port/lazy-listener.ts';
import { sendProblem } from '../http/problem-details.ts';
import type { Log } from '../log.ts';
import type { ServerMetrics } from '../metrics/server-metrics.ts';
import { oidcRoutes } from '../oidc/routes.ts';
import type { OidcSettings } from '../oidc/provider.ts';
import type { Sessions } from '../oidc/sessions.ts';
import { signalOf } from '../protocols/otlp/signal.ts';
import { sendOfrepError } from '../protocols/ofrep/errors.ts';
import type { RefetchStream } from '../protocols/ofrep/refetch-stream.ts';
import { ofrepRoutes } from '../protocols/ofrep/routes.ts';
import type { ChangeStream } from '../protocols/stream/change-stream.ts';
import { streamRoutes } from '../protocols/stream/routes.ts';
import { auditRequest } from '../audit/audit-requests.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { RequestAudit } from '../audit/request-audit.ts';
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
  const { door, metrics, log } = options;
  const routes = [
    ofrepRoutes(options),
    streamRoutes(options),
    oidcRoutes(options),
    consoleFiles(),
    healthRoutes({ ...options, descriptors: door.descriptors }),
  ];
  const unloadable = (error: unknown, _request: unknown, response: ServerResponse): void =>
    sendProblem(error, response, log);
  const receive = lazyListener<[IncomingMessage, ServerResponse, unknown?]>(
    async () => (await import('../protocols/otlp/routes.ts')).otlpRoutes(options),
    unloadable,
  );
  const api = lazyListener<[IncomingMessage, ServerResponse]>(
    async () => (await import('./create-api.ts')).createApi(options),
    unloadable,
  );
  const audited = { audit: options.requests, addressOf: options.addressOf };
  const admitted: RequestListener = (request, response) => {
    try {
      door.admit(request, response);
    } catch (error) {
      if (request.url?.startsWith('/ofrep/v1/')) {
        door.guard.allowReading(request, response);
        sendOfrepError(error, undefined, response, log);
      } else if (signalOf(request.url) !== undefined) receive(request, response, error);
      else sendProblem(error, response, log);
      return;
    }
    request.url = pathOf(request.url ?? '/');
    if (routes.some((serve) => serve(request, response))) return;
    if (request.url.startsWith('/v1/') && signalOf(request.url) !== undefined) receive(request, response);
    else {
      noteRefusedPreflight(door.guard, request);
      api(request, response);
    }
  };
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

/** A proxy may forward the whole URL of its own request (RFC 9112, section 3.2.2). */
function pathOf(target: string): string {
  return target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?]*/i, '') || '/';
}
