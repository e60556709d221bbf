import { SlowReaders } from '../backpressure/slow-readers.ts';
import type { Settings } from '../cli/settings.ts';
import { Clients } from '../clients/clients.ts';
import { ServerIdentity, serverVersion } from '../clients/server-identity.ts';
import { clientAddress } from '../http/front-door/client-address.ts';
import { Descriptors } from '../http/port/descriptors.ts';
import { HttpPort } from '../http/port/http-port.ts';
import type { Log } from '../log.ts';
import { logChanges } from '../logging/log-changes.ts';
import { observeRollouts } from '../metrics/rollout-metrics.ts';
import { ServerMetrics } from '../metrics/server-metrics.ts';
import { observeServer } from '../observe/observe-server.ts';
import { createGrpcPort } from '../protocols/flagd/port.ts';
import { RefetchStream } from '../protocols/ofrep/refetch-stream.ts';
import { ChangeStream } from '../protocols/stream/change-stream.ts';
import { Intake } from '../signals/intake.ts';
import { EventStreams } from '../sse/event-streams.ts';
import { FileWatcher } from '../store/file/file-watcher.ts';
import { AuditLog } from '../audit/audit-log.ts';
import { RequestAudit } from '../audit/request-audit.ts';
import { RolloutController } from '../rollouts/control/controller.ts';
import { Witness } from '../rollouts/control/witness.ts';
import { pauseKilled } from '../rollouts/control/pause-killed.ts';
import { lookSources } from '../rollouts/evidence/look-sources.ts';
import { OtlpLooks } from '../rollouts/evidence/otlp/otlp-looks.ts';
import { PrometheusLooks } from '../rollouts/evidence/prometheus/prometheus-looks.ts';
import { PrometheusServers } from '../rollouts/evidence/prometheus/prometheus-servers.ts';
import { TrafficKeeper } from '../traffic/traffic-keeper.ts';
import { UsageKeeper } from '../usage/usage-keeper.ts';
import type { Webhook } from '../webhooks/webhook.ts';
import { KillingEnvironments } from '../store/kill/killing-environments.ts';
import { Closing } from './closing.ts';
import { auditRefusal } from '../audit/audit-requests.ts';
import { createApp } from './create-app.ts';
import { openAccess, type Access } from './open-access.ts';
import { openDatabase, openEnvironments, openRelay } from './open-environments.ts';
import { Ports, type PortNumbers } from './ports.ts';

/** A server that listens. */
export interface RunningServer extends PortNumbers {
  /** The clients that the server accepts. */
  readonly access: Access;
  /** Ends streams, finishes the requests under way, and closes; waits at most 5 s for clients. */
  close(): Promise<void>;
}

/**
 * Composes the flag server and listens on its three ports.
 * @throws {Error} if the flags can't be read, a port is taken, or other machines could use the
 *   server without a token; then nothing is left running.
 */
export async function createServer(settings: Settings, log: Log): Promise<RunningServer> {
  const closing = new Closing();
  try {
    return await openServer(settings, log, closing);
  } catch (error) {
    // The reason that the start failed is the one to report.
    await closing.close().catch(() => undefined);
    throw error;
  }
}

/** Opens the parts in the order of their use, so that they close in the reverse one. */
async function openServer(settings: Settings, log: Log, closing: Closing): Promise<RunningServer> {
  const [descriptors, watcher, metrics] = [new Descriptors(log), new FileWatcher(), new ServerMetrics()];
  const database = closing.add(await openDatabase(settings, log));
  const opened = await openAccess(settings, { database, descriptors, watcher, closing, log });
  const { access, door, sessions, certificate } = opened;
  const identity = new ServerIdentity(await serverVersion());
  const relay = await openRelay(settings, identity, log);
  const { source: origin, readOnly } = settings;
  const environments = closing.add(
    new KillingEnvironments(await openEnvironments(settings, log, { database, relay }), {
      log,
      accompany: pauseKilled,
      file: heldFileOf(origin),
      holdsReadOnly: readOnly !== true && ('web' in origin || 'files' in origin),
    }),
  );
  closing.addEnd(logChanges(environments, log));

  const intake = new Intake(log);
  const usage = closing.add(await UsageKeeper.open({ environments, intake, log }));
  const { recordAttributes } = settings;
  const traffic = closing.add(new TrafficKeeper({ environments, intake, recordAttributes }));
  const otlp = closing.add(new OtlpLooks(intake));
  const prometheus = new PrometheusServers(settings.prometheus);
  const clients = new Clients(environments);
  if (database?.takesReports === true) {
    const { ReplicaReports } = await import('../clients/replica-reports.ts');
    closing.add(new ReplicaReports({ database, environments, clients, id: identity.id }));
  } else if (database !== undefined) {
    log.info('other servers do not count the clients of this one: it may not write graylane.replicas');
  }
  const audit = new AuditLog(log);
  const { refusals } = metrics;
  const reports = { environments, clients, refusals, intake, audit, id: identity.id };
  const cache = 'cache' in origin ? origin.cache : undefined;
  if (relay !== undefined) {
    const { reportUpstream } = await import('../relay/reports-upstream.ts');
    closing.addEnd(reportUpstream({ ...reports, relay, cache, log }));
  }
  if (settings.webhooks !== undefined) {
    const { Webhooks } = await import('../webhooks/webhooks.ts');
    const { followWebhooks } = await import('../webhooks/webhook-file.ts');
    const webhooks = closing.add(new Webhooks({ environments, refusals, log }));
    const use = (some: readonly Webhook[]): void => void webhooks.use(some);
    closing.addEnd(await followWebhooks(settings.webhooks, use, { watcher, log }));
  }

  const readers = closing.add(new SlowReaders());
  const readiness = { ready: false };
  const shared = { environments, clients, door, readiness, readers, metrics, log };
  const ports = closing.add(new Ports());
  const streams = closing.add(new EventStreams(door.tokens, { metrics: metrics.streams }));
  const stream = closing.add(new ChangeStream(environments, { streams, clients, identity }));
  const refetches = closing.add(new RefetchStream(environments, streams, clients));
  closing.add(clients);
  closing.addEnd(observeServer({ ...shared, streams, descriptors, usage, source: kindOf(settings) }));
  const looks = lookSources({ otlp, prometheus: new PrometheusLooks(prometheus) });
  const rollouts = closing.add(new RolloutController({ environments, source: looks, log }));
  closing.addEnd(observeRollouts(rollouts, metrics.registry));
  if (database !== undefined) {
    closing.add(new Witness({ environments, receivedOf: (question) => otlp.received(question), log }));
  }
  closing.addEnd(() => (readiness.ready = false));

  const origins = { requests: new RequestAudit(), addressOf: clientAddress(settings.trustProxies) };
  const audited = { audit: origins.requests, addressOf: origins.addressOf };
  door.onRefusal((request, refusal) => auditRefusal(audited, request, refusal));
  const signals = { ...origins, audit, intake, usage, traffic, rollouts, prometheus: prometheus.addresses };
  const app = createApp({ ...shared, ...signals, oidc: settings.oidc, sessions, stream, refetches });
  const http = new HttpPort(app, { certificate });
  const grpc = createGrpcPort({ ...shared, certificate });
  database?.listener.start();
  await stream.recall();
  const numbers = await ports.open(settings, { ...shared, http, grpc, descriptors, tokens: door.tokens });
  readiness.ready = true;
  return { ...numbers, access, close: async () => closing.close() };
}

/** Where kills are kept that are not written yet. */
function heldFileOf(source: Settings['source']): string | undefined {
  const folder = 'data' in source ? source.data : 'cache' in source ? source.cache : undefined;
  return folder === undefined ? undefined : `${folder}/held-kills.json`;
}

/** The kind of source, for metrics: `data`, `flags` or another one. */
function kindOf({ source }: Settings): string {
  return Object.keys(source)[0] ?? 'unknown';
}
