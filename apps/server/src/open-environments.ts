import type { Settings } from './cli/settings.ts';
import type { Log } from './log.ts';
import type { Environments } from './store/environments.ts';
import { FeedStore } from './store/feed/feed-store.ts';
import { MergedFiles } from './store/feed/merged-files.ts';
import { WebDocument } from './store/feed/web-document.ts';
import { DataFolder } from './store/file/data-folder.ts';
import { FileSlots } from './store/disk/file-slots.ts';
import { FileStore } from './store/file/file-store.ts';
import { FileWatcher } from './store/file/file-watcher.ts';
import { MemoryLog } from './store/journal/memory-log.ts';
import { Database } from './store/postgres/database/database.ts';
import { PostgresEnvironments } from './store/postgres/postgres-environments.ts';
import { singleEnvironment } from './store/single-environment.ts';

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
  return Database.open({ url, directUrl, readOnly, log });
}

/**
 * Opens the source that the settings name: a data folder with its environments, flags files, or
 * the environments of a database.
 * @throws {Error} if it can't be read, or another server holds the folder.
 */
export async function openEnvironments(
  { source, readOnly }: Pick<Settings, 'source' | 'readOnly'>,
  log: Log,
  database?: Database,
): Promise<Environments> {
  if (database !== undefined) return PostgresEnvironments.open(database, readOnly);
  if ('data' in source) return DataFolder.open({ folder: source.data, log, readOnly });
  if ('web' in source) return singleEnvironment(await FeedStore.open(new WebDocument(source.web), log));
  const [revisions, watcher, slots] = [new MemoryLog(), new FileWatcher(), new FileSlots()];
  if ('files' in source)
    return singleEnvironment(await FeedStore.open(new MergedFiles(source.files, watcher), log));
  if (!('flags' in source)) throw new Error('the database must be opened first');
  return singleEnvironment(
    await FileStore.open({ file: source.flags, revisions, watcher, slots, log, readOnly }),
  );
}
