import type { Settings } from '../cli/settings.ts';
import { FrontDoor } from '../http/front-door/front-door.ts';
import { Guard } from '../http/front-door/guard.ts';
import { RateLimit } from '../http/front-door/rate-limit.ts';
import { Certificate } from '../http/port/certificate.ts';
import type { Descriptors } from '../http/port/descriptors.ts';
import { isLoopbackAddress } from '../http/port/loopback.ts';
import type { Log } from '../log.ts';
import { Sessions } from '../oidc/sessions.ts';
import type { FileWatcher } from '../store/file/file-watcher.ts';
import type { Database } from '../store/postgres/database/database.ts';
import type { Closing } from './closing.ts';
import { openTokens } from './open-tokens.ts';

/**
 * The clients that a server accepts: holders of a token, processes of this machine, or all that
 * can reach it (`--insecure`).
 */
export type Access = 'token' | 'loopback' | 'insecure';

/** The front door, and the parts of it that others use. */
export interface OpenedAccess {
  readonly access: Access;
  readonly door: FrontDoor;
  readonly sessions: Sessions | undefined;
  readonly certificate: Certificate | undefined;
}

/** The parts that the front door needs. */
export interface AccessParts {
  readonly database: Database | undefined;
  readonly descriptors: Descriptors;
  readonly watcher: FileWatcher;
  readonly closing: Closing;
  readonly log: Log;
}

/**
 * Opens the front door: tokens, TLS, and the checks of hosts, origins and rates.
 * @throws {Error} if tokens or certificates can't be read, or if other machines could use the
 *   server without a token.
 */
export async function openAccess(
  settings: Settings,
  { database, descriptors, watcher, closing, log }: AccessParts,
): Promise<OpenedAccess> {
  const { host = '127.0.0.1', insecure, oidc } = settings;
  const isLocal = isLoopbackAddress(host);
  const tokens = closing.add(await openTokens(settings, watcher, log, database));
  if (!isLocal && !tokens.required && insecure !== true) throw new Error(exposedMessage(host, settings));
  const certificate = closing.add(await openCertificate(settings, watcher, log));
  const guard = new Guard({ ...settings, anyHost: !isLocal }, log);
  const sessions = oidc && new Sessions(oidc.clientSecret);
  const rateLimit = RateLimit.of(settings);
  const door = new FrontDoor({ guard, descriptors, rateLimit, tokens, sessions });
  const access = tokens.required ? 'token' : isLocal ? 'loopback' : 'insecure';
  return { access, door, sessions, certificate };
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
