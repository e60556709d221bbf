import type { Log } from '../log.ts';
import type { Settings } from '../cli/settings.ts';
import { DataFolder } from './file/data-folder.ts';
import type { Environments } from './environments.ts';
import { FileStore } from './file/file-store.ts';
import { MemoryLog } from './journal/revision-log.ts';
import { singleEnvironment } from './single-environment.ts';

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
