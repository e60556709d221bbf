import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * A file that is replaced in two steps: `stage` puts the new content beside it, durably; `apply` puts it in place at once. A reader, or a
 * power cut, finds the old content or the new, never half of it; whoever comes after a crash sees by the staged file how far it got.
 */
export class StagedFile {
  readonly path: string;
  readonly #staged: string;

  constructor(path: string) {
    this.path = path;
    this.#staged = `${path}.next`;
  }

  async stage(text: string): Promise<void> {
    const { mode } = await stat(this.path).catch(orNew);
    await writeDurably(this.#staged, text, mode);
    await syncFolder(dirname(this.path));
  }

  async apply(): Promise<void> {
    await rename(this.#staged, this.path);
    // The rename itself is on disk only when the folder is.
    await syncFolder(dirname(this.path));
  }

  async discard(): Promise<void> {
    await rm(this.#staged, { force: true });
  }

  /** What stands beside the file since a crash, if anything does. */
  async staged(): Promise<string | undefined> {
    return readIfThere(this.#staged);
  }
}

function orNew(error: NodeJS.ErrnoException): { readonly mode: number } {
  if (error.code === 'ENOENT') return { mode: 0o644 };
  throw error;
}

/** The text of a file, undefined where there is none. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes a file that survives a power cut once its folder is synced. */
export async function writeDurably(file: string, text: string, mode: number = 0o644): Promise<void> {
  const handle = await open(file, 'w', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes what was created, renamed or removed in a folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
