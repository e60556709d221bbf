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
import { singleEnvironment } from './store/single-environment.ts';

/**
 * Opens the source that the settings name: a data folder with its environments, or flags files.
 * @throws {Error} if it can't be read, or another server holds the folder.
 */
export async function openEnvironments(
  { source, readOnly }: Pick<Settings, 'source' | 'readOnly'>,
  log: Log,
): Promise<Environments> {
  if ('data' in source) return DataFolder.open({ folder: source.data, log, readOnly });
  if ('web' in source) return singleEnvironment(await FeedStore.open(new WebDocument(source.web), log));
  const [revisions, watcher, slots] = [new MemoryLog(), new FileWatcher(), new FileSlots()];
  if ('files' in source)
    return singleEnvironment(await FeedStore.open(new MergedFiles(source.files, watcher), log));
  return singleEnvironment(
    await FileStore.open({ file: source.flags, revisions, watcher, slots, log, readOnly }),
  );
}
