import { readFile } from 'node:fs/promises';
import type { Settings } from '../cli/settings.ts';
import type { ServerIdentity } from '../clients/server-identity.ts';
import { isLoopbackAddress } from '../http/port/loopback.ts';
import type { Log } from '../log.ts';
import type { UpstreamEnvironments } from '../relay/upstream-environments.ts';
import type { Environments } from '../store/environments.ts';
import { FeedStore } from '../store/feed/feed-store.ts';
import { MergedFiles } from '../store/feed/merged-files.ts';
import { WebDocument } from '../store/feed/web-document.ts';
import { DataFolder } from '../store/file/data-folder.ts';
import { FileSlots } from '../store/disk/file-slots.ts';
import { FileStore } from '../store/file/file-store.ts';
import { FileWatcher } from '../store/file/file-watcher.ts';
import { MemoryLog } from '../store/journal/memory-log.ts';
import type { Database } from '../store/postgres/database/database.ts';
import { singleEnvironment } from '../store/single-environment.ts';

/**
 * Opens the database that the settings name, if any.
 * @throws {Error} with the remedy if it can't be used.
 */
export async function openDatabase(
  { source, readOnly }: Pick<Settings, 'source' | 'readOnly'>,
  log: Log,
): Promise<Database | undefined> {
  if (!('database' in source)) return undefined;
  const { database: url, directDatabase: directUrl } = source;
  const { Database: Opened } = await import('../store/postgres/database/database.ts');
  return Opened.open({ url, directUrl, readOnly, log });
}

/** Sources that are opened before their environments. */
export interface OpenedSources {
  readonly database?: Database | undefined;
  readonly relay?: Environments | undefined;
}

/**
 * Follows the server that the settings name, if any.
 * @throws {Error} with the remedy if it can't be followed, and no rules of it are on disk.
 */
export async function openRelay(
  { source, port, host }: Pick<Settings, 'source' | 'port' | 'host'>,
  identity: ServerIdentity,
  log: Log,
): Promise<UpstreamEnvironments | undefined> {
  if (!('upstream' in source)) return undefined;
  const { upstream, token, ca: file, environments = ['default'], cache } = source;
  const { hostname, port: theirs } = new URL(upstream);
  if (port !== 0 && Number(theirs) === port && (isLoopbackName(hostname) || hostname === host)) {
    throw new Error(`--upstream ${upstream} is this server itself: name the server that it is to follow`);
  }
  let ca: string | undefined;
  try {
    ca = file === undefined ? undefined : await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`--upstream-ca ${file} can't be read: name a file of certificates in PEM`, {
      cause: error,
    });
  }
  const { UpstreamEnvironments: Relay } = await import('../relay/upstream-environments.ts');
  return Relay.open({ upstream, token, ca, environments, cache }, identity, log);
}

function isLoopbackName(name: string): boolean {
  return name === 'localhost' || isLoopbackAddress(name.replaceAll(/[[\]]/g, ''));
}

/**
 * Opens the source that the settings name: a data folder with its environments, flags files, or
 * the environments of a database.
 * @throws {Error} if it can't be read, or another server holds the folder.
 */
export async function openEnvironments(
  { source, readOnly }: Pick<Settings, 'source' | 'readOnly'>,
  log: Log,
  { database, relay }: OpenedSources = {},
): Promise<Environments> {
  if (relay !== undefined) return relay;
  if (database !== undefined) {
    const { PostgresEnvironments } = await import('../store/postgres/postgres-environments.ts');
    return PostgresEnvironments.open(database, readOnly);
  }
  if ('data' in source) return DataFolder.open({ folder: source.data, log, readOnly });
  if ('web' in source) return singleEnvironment(await FeedStore.open(new WebDocument(source.web), log));
  const [revisions, watcher, slots] = [new MemoryLog(), new FileWatcher(), new FileSlots()];
  if ('files' in source)
    return singleEnvironment(await FeedStore.open(new MergedFiles(source.files, watcher), log));
  if (!('flags' in source)) throw new Error('the database, or the upstream server, must be opened first');
  return singleEnvironment(
    await FileStore.open({ file: source.flags, revisions, watcher, slots, log, readOnly }),
  );
}
