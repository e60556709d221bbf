import { watch, type FSWatcher } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** Somebody who wants to know what a file holds. */
export interface FileListener {
  /** The file holds other text than before. */
  changed(text: string): void;
  /** The file can't be read; called once until it can. */
  unreadable(error: Error): void;
}

/** How often the file is looked at anyway: file systems that are mounted from elsewhere tell nothing. */
const pollMs = 500;

/** Editors write in several steps: what is read after so long a silence is what they meant. */
const settleMs = 25;

/**
 * Watches one file by its folder, so that it is still watched after an editor, `mv` or a Kubernetes volume has put another file in its
 * place. `known` is the text that the caller has read already. Returns what ends the watch.
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

/** None where the system has no watches left: the poll does it alone. */
function openWatcher(file: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(dirname(file), { persistent: false }, (_event, name) => {
      // `..data` is the link that Kubernetes turns over when a mounted ConfigMap changes.
      if (name === null || name === basename(file) || name === '..data') onEvent();
    });
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
