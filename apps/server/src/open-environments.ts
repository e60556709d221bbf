import type { Settings } from './cli/settings.ts';
import type { Log } from './log.ts';
import type { Environments } from './store/environments.ts';
import { DataFolder } from './store/file/data-folder.ts';
import { FileSlots } from './store/disk/file-slots.ts';
import { FileStore } from './store/file/file-store.ts';
import { FileWatcher } from './store/file/file-watcher.ts';
import { MemoryLog } from './store/journal/memory-log.ts';
import { singleEnvironment } from './store/single-environment.ts';

/**
 * Opens the source that the settings name: a data folder with its environments, or one flags file.
 * @throws {Error} if it can't be read, or another server holds the folder.
 */
export async function openEnvironments(
  { source, readOnly }: Pick<Settings, 'source' | 'readOnly'>,
  log: Log,
): Promise<Environments> {
  if ('data' in source) return DataFolder.open({ folder: source.data, log, readOnly });
  const [revisions, watcher, slots] = [new MemoryLog(), new FileWatcher(), new FileSlots()];
  return singleEnvironment(
    await FileStore.open({ file: source.flags, revisions, watcher, slots, log, readOnly }),
  );
}
