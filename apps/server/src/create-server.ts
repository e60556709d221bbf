import { SlowReaders } from './backpressure/slow-readers.ts';
import type { Settings } from './cli/settings.ts';
import { Clients } from './clients/clients.ts';
import { ServerIdentity, serverVersion } from './clients/server-identity.ts';
import { createApp } from './create-app.ts';
import { Sessions } from './oidc/sessions.ts';
import { FrontDoor } from './http/front-door/front-door.ts';
import { Guard } from './http/front-door/guard.ts';
import { RateLimit } from './http/front-door/rate-limit.ts';
import { Descriptors } from './http/port/descriptors.ts';
import { Certificate } from './http/port/certificate.ts';
import { HttpPort } from './http/port/http-port.ts';
import { listen } from './http/port/listen.ts';
import { isLoopbackAddress } from './http/port/loopback.ts';
import type { Log } from './log.ts';
import { logChanges } from './logging/log-changes.ts';
import { observeRollouts } from './metrics/rollout-metrics.ts';
import { ServerMetrics } from './metrics/server-metrics.ts';
import { openManagementPort, type ManagementPort } from './observe/management-port.ts';
import { observeServer } from './observe/observe-server.ts';
import { createGrpcPort } from './protocols/flagd/port.ts';
import { RefetchStream } from './protocols/ofrep/refetch-stream.ts';
import { ChangeStream } from './protocols/stream/change-stream.ts';
import { Intake } from './signals/intake.ts';
import { EventStreams } from './sse/event-streams.ts';
import { FileWatcher } from './store/file/file-watcher.ts';
import { AuditLog } from './relay/audit-log.ts';
import { reportUpstream } from './relay/reports-upstream.ts';
import { RolloutController } from './rollouts/control/controller.ts';
import { pauseKilled } from './rollouts/control/pause-killed.ts';
import { lookSources } from './rollouts/evidence/look-sources.ts';
import { OtlpLooks } from './rollouts/evidence/otlp/otlp-looks.ts';
import { PrometheusLooks } from './rollouts/evidence/prometheus/prometheus-looks.ts';
import { PrometheusServers } from './rollouts/evidence/prometheus/prometheus-servers.ts';
import { TrafficKeeper } from './traffic/traffic-keeper.ts';
import { UsageKeeper } from './usage/usage-keeper.ts';
import type { Webhook } from './webhooks/webhook.ts';
import { followWebhooks } from './webhooks/webhook-file.ts';
import { Webhooks } from './webhooks/webhooks.ts';
import { KillingEnvironments } from './store/kill/killing-environments.ts';
import { openDatabase, openEnvironments, openRelay } from './open-environments.ts';
import { openTokens } from './open-tokens.ts';

/** A server that listens. */
export interface RunningServer {
  readonly port: number;
  readonly grpcPort: number;
  readonly managementPort: number;
  /** The clients that the server accepts. */
  readonly access: Access;
  /** Ends streams, finishes the requests under way, and closes; waits at most 5 s for clients. */
  close(): Promise<void>;
}

/**
 * The clients that a server accepts: holders of a token, processes of this machine, or all that
 * can reach it (`--insecure`).
 */
export type Access = 'token' | 'loopback' | 'insecure';

/**
 * Composes the flag server and listens on its three ports.
 * @throws {Error} if the flags can't be read, a port is taken, or other machines could use the
 *   server without a token; then nothing is left running.
 */
export async function createServer(settings: Settings, log: Log): Promise<RunningServer> {
  const descriptors = new Descriptors(log);
  const watcher = new FileWatcher();
  const rateLimit = RateLimit.of(settings);
  const { host = '127.0.0.1' } = settings;
  const isLocal = isLoopbackAddress(host);
  const database = await openDatabase(settings, log);
  const tokens = await openTokens(settings, watcher, log, database).catch(async (error: unknown) => {
    await database?.close();
    throw error;
  });
  if (!isLocal && !tokens.required && settings.insecure !== true) {
    tokens.close();
    await database?.close();
    throw new Error(exposedMessage(host, settings));
  }
  const certificate = await openCertificate(settings, watcher, log).catch(async (error: unknown) => {
    tokens.close();
    await database?.close();
    throw error;
  });
  const guard = new Guard({ ...settings, anyHost: !isLocal }, log);
  const sessions = settings.oidc && new Sessions(settings.oidc.clientSecret);
  const door = new FrontDoor({ guard, descriptors, rateLimit, tokens, sessions });
  const metrics = new ServerMetrics();
  const identity = new ServerIdentity(await serverVersion());
  const opened = openRelay(settings, identity, log).then(async (relay) => {
    return [await openEnvironments(settings, log, { database, relay }), relay] as const;
  });
  const [stores, relay] = await opened.catch(async (error: unknown) => {
    tokens.close();
    certificate?.close();
    await database?.close();
    throw error;
  });
  const { source: origin, readOnly } = settings;
  const environments = new KillingEnvironments(stores, {
    log,
    accompany: pauseKilled,
    file: heldFileOf(origin),
    holdsReadOnly: readOnly !== true && ('web' in origin || 'files' in origin),
  });
  const clients = new Clients(environments);
  const endChangeLines = logChanges(environments, log);
  const webhooks = new Webhooks({ environments, refusals: metrics.refusals, log });
  const streams = new EventStreams(tokens, { metrics: metrics.streams });
  const stream = new ChangeStream(environments, { streams, clients, identity });
  const refetches = new RefetchStream(environments, streams, clients);
  const readiness = { ready: false };
  const readers = new SlowReaders();
  const intake = new Intake(log);
  const audit = new AuditLog(log);
  const { refusals } = metrics;
  const reports = { environments, clients, refusals, intake, audit, id: identity.id };
  const endReports = relay && reportUpstream({ ...reports, relay });
  const usage = await UsageKeeper.open({ environments, intake, log });
  const { recordAttributes } = settings;
  const traffic = new TrafficKeeper({ environments, intake, recordAttributes });
  const shared = { environments, clients, door, readiness, readers, metrics, log };
  const endMetrics = observeServer({ ...shared, streams, descriptors, usage, source: kindOf(settings) });
  const prometheus = new PrometheusServers(settings.prometheus);
  const otlp = new OtlpLooks(intake);
  const source = lookSources({ otlp, prometheus: new PrometheusLooks(prometheus) });
  const rollouts = new RolloutController({ environments, source, log });
  const endRolloutMetrics = observeRollouts(rollouts, metrics.registry);
  const http = new HttpPort(
    createApp({
      ...shared,
      oidc: settings.oidc,
      sessions,
      audit,
      stream,
      refetches,
      intake,
      usage,
      traffic,
      rollouts,
      prometheus: prometheus.addresses,
    }),
    {
      certificate,
    },
  );
  let management: ManagementPort | undefined;
  const grpc = createGrpcPort({ ...shared, certificate });
  descriptors.watch(http.server);
  descriptors.watch(grpc.server, { share: 0.5 });

  let unfollow = (): void => {};

  const close = async (): Promise<void> => {
    readiness.ready = false;
    const rested = rollouts.close().then(() => otlp.close());
    stream.close();
    refetches.close();
    streams.close();
    clients.close();
    await Promise.all([http.close(), management?.close(), grpc.close()]);
    readers.close();
    endMetrics();
    endRolloutMetrics();
    endChangeLines();
    unfollow();
    await webhooks.close();
    tokens.close();
    certificate?.close();
    await rested;
    traffic.close();
    await endReports?.();
    await usage.close();
    await environments.close();
  };

  try {
    if (settings.webhooks !== undefined) {
      const use = (some: readonly Webhook[]): void => void webhooks.use(some);
      unfollow = await followWebhooks(settings.webhooks, use, { watcher, log });
    }
    database?.listener.start();
    await stream.recall();
    const port = await listen(http.server, {
      host,
      port: settings.port,
      flag: '--port',
      variable: 'GRAYLANE_PORT',
    });
    const grpcPort = await listen(grpc.server, {
      host,
      port: settings.grpcPort,
      flag: '--grpc-port',
      variable: 'GRAYLANE_GRPC_PORT',
    });
    const { managementPort } = settings;
    management = await openManagementPort({ ...shared, host, port: managementPort, descriptors, tokens });
    readiness.ready = true;
    const access = tokens.required ? 'token' : isLocal ? 'loopback' : 'insecure';
    return { port, grpcPort, managementPort: management.port, access, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Where kills are kept that are not written yet. */
function heldFileOf(source: Settings['source']): string | undefined {
  const folder = 'data' in source ? source.data : 'upstream' in source ? source.cache : undefined;
  return folder === undefined ? undefined : `${folder}/held-kills.json`;
}

/** The kind of source, for metrics: `data`, `flags` or another one. */
function kindOf({ source }: Settings): string {
  return Object.keys(source)[0] ?? 'unknown';
}

function exposedMessage(host: string, { source }: Settings): string {
  const place =
    'data' in source
      ? `--data ${source.data}`
      : 'database' in source
        ? '--database URL'
        : '--tokens FILE, and start the server with --tokens FILE';
  return `--host ${host} lets other machines in, and there is no token: create one with graylane-server token create NAME --scope admin ${place}, or let every machine read and write with --insecure`;
}

async function openCertificate(
  { tlsCert: cert, tlsKey: key }: Settings,
  watcher: FileWatcher,
  log: Log,
): Promise<Certificate | undefined> {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new Error('TLS needs both files: use --tls-cert FILE and --tls-key FILE');
  }
  return Certificate.open({ cert, key }, watcher, log);
}
