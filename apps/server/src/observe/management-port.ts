import { managementServer, type ManagementServer, type TokenVerdict } from '@graylane/telemetry/management';
import { healthOf, readinessOf, type Readiness } from '../http/health.ts';
import { listenError } from '../http/port/listen.ts';
import type { Descriptors } from '../http/port/descriptors.ts';
import type { Log } from '../log.ts';
import type { ServerMetrics } from '../metrics/server-metrics.ts';
import type { Environments } from '../store/environments.ts';
import { includes } from '../tokens/scope.ts';
import type { Tokens } from '../tokens/tokens.ts';

/** The parts that the management port shows. */
export interface ManagementPortOptions {
  readonly host: string;
  readonly port: number;
  readonly environments: Environments;
  readonly readiness: Readiness;
  readonly descriptors: Descriptors;
  readonly tokens: Tokens;
  readonly metrics: ServerMetrics;
  readonly log: Log;
}

/** A management port that listens. */
export interface ManagementPort {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Opens the management port: readings for every peer that can connect, by any host name, since a
 * kubelet and Prometheus send the address of the pod. Diagnostics are open on loopback as long as
 * no token exists, and need an admin token otherwise: a heap snapshot holds the tokens of requests.
 * @throws {Error} if the port can't be used.
 */
export async function openManagementPort(options: ManagementPortOptions): Promise<ManagementPort> {
  const { host, port, environments, readiness, descriptors, tokens, metrics, log } = options;
  let failure: NodeJS.ErrnoException | undefined;
  const server: ManagementServer = managementServer({
    host,
    port,
    health: () => ({ ok: true, body: healthOf(environments, descriptors) }),
    ready: () => readinessOf(readiness),
    registry: metrics.registry,
    revision: () => ({ environments: revisionsOf(environments) }),
    token: (token) => verdictOn(tokens, token),
    tokenOnLoopback: () => tokens.required,
    log: (line) => log.warn(line),
    onUnavailable: (error) => (failure = error),
  });
  const url = await server.listening;
  if (url !== undefined) return { port: Number(new URL(url).port), close: async () => server.close() };
  await server.close();
  throw listenError(failure ?? new Error('it could not be opened'), {
    host,
    port,
    flag: '--management-port',
    variable: 'GRAYLANE_MANAGEMENT_PORT',
  });
}

function revisionsOf(environments: Environments): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    environments.names.map((name) => [name, environments.get(name)?.snapshot.revision]),
  );
}

function verdictOn(tokens: Tokens, token: string): TokenVerdict {
  try {
    const { scope, environment } = tokens.find(token);
    return includes(scope, 'admin') && environment === undefined ? true : 'insufficient';
  } catch {
    // Unknown, revoked or expired: the port responds that a token is needed.
    return false;
  }
}
