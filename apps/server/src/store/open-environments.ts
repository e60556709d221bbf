import type { Settings } from '../cli/settings.ts';
import type { Log } from '../log.ts';
import type { Environments } from './environments.ts';
import { DataFolder } from './file/data-folder.ts';
import { FileSlots } from './file/file-slots.ts';
import { FileStore } from './file/file-store.ts';
import { FileWatcher } from './file/file-watcher.ts';
import { MemoryLog } from './journal/memory-log.ts';
import { singleEnvironment } from './single-environment.ts';

/**
 * Opens the source that the settings name: a data folder with its environments, or one flags file.
 * @throws {Error} if it can't be read, or another server holds the folder.
 */
export async function openEnvironments({ flags, data, readOnly }: Settings, log: Log): Promise<Environments> {
  if (data !== undefined) return DataFolder.open({ folder: data, log, readOnly });
  if (flags === undefined) throw new Error('no flags to serve: set "flags" to a file, or "data" to a folder');
  const [revisions, watcher, slots] = [new MemoryLog(), new FileWatcher(), new FileSlots()];
  return singleEnvironment(await FileStore.open({ file: flags, revisions, watcher, slots, log, readOnly }));
}
