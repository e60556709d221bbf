import type { Log } from './log.ts';
import type { Settings } from './settings.ts';
import { DataFolder } from './store/data-folder.ts';
import type { Environments } from './store/environments.ts';
import { FileStore } from './store/file-store.ts';
import { MemoryLog } from './store/revision-log.ts';
import { singleEnvironment } from './store/single-environment.ts';

/**
 * Opens what the settings ask for: a data folder with its environments, or one flags file.
 * @throws {Error} where it can't be read, or another server holds the folder.
 */
export async function openEnvironments({ flags, data, readOnly }: Settings, log: Log): Promise<Environments> {
  if (data !== undefined) return DataFolder.open({ folder: data, log, readOnly });
  if (flags === undefined) throw new Error('no flags to serve: set "flags" to a file, or "data" to a folder');
  const revisions = new MemoryLog();
  return singleEnvironment(await FileStore.open({ file: flags, revisions, log, readOnly }));
}
