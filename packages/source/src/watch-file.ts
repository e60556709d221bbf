import { watch, type FSWatcher } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** Receives the changes of a file. */
export interface FileListener {
  /** The file has other content than before. */
  changed(text: string): void;
  /** The file can't be read. Called once until it can be read again. */
  unreadable(error: Error): void;
}

/** How often the file is checked anyway: network file systems report no changes. */
const pollMs = 500;

/** Editors write in several steps. The file is read after this long without another event. */
const settleMs = 25;

/**
 * Watches one file through its folder, so that it stays watched when an editor, `mv` or a
 * Kubernetes volume replaces it. `known` is the content that the caller has already read. Returns a
 * function that ends the watch.
 */
export function watchFile(file: string, known: string, listener: FileListener): () => void {
  let text: string | undefined = known;
  let seen: string | undefined;
  let failed = false;
  let closed = false;
  let settling: NodeJS.Timeout | undefined;

  const read = async (): Promise<void> => {
    try {
      seen = await signature(file);
      const found = await readFile(file, 'utf8');
      if (closed) return;
      failed = false;
      if (found !== text) listener.changed((text = found));
    } catch (error) {
      if (!failed && !closed) listener.unreadable(error as Error);
      failed = true;
      text = undefined;
    }
  };
  const settle = (): void => {
    clearTimeout(settling);
    settling = setTimeout(() => void read(), settleMs);
  };
  const poll = setInterval(() => {
    signature(file).then((now) => now !== seen && settle(), settle);
  }, pollMs);
  poll.unref();
  const watcher = openWatcher(file, settle);
  return () => {
    closed = true;
    clearTimeout(settling);
    clearInterval(poll);
    watcher?.close();
  };
}

async function signature(file: string): Promise<string> {
  const { ino, size, mtimeMs } = await stat(file);
  return `${ino} ${size} ${mtimeMs}`;
}

/**
 * Calls back with each event of a file, through its folder, and keeps no process alive. Returns
 * undefined if the system has no watches left: polling alone has to do then.
 */
export function openWatcher(file: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(dirname(file), { persistent: false }, (_event, name) => {
      // `..data` is the link that Kubernetes replaces when a mounted ConfigMap changes.
      if (name === null || name === basename(file) || name === '..data') onEvent();
    });
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
