import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * A file that is replaced in two steps: `stage` writes the new content beside it, durably; `apply`
 * renames it into place. A reader, or a power loss, finds the old content or the new, never a
 * mixture.
 */
export class StagedFile {
  readonly path: string;
  readonly #staged: string;

  constructor(path: string) {
    this.path = path;
    this.#staged = `${path}.next`;
  }

  /** Returns the stamp that the file will have. */
  async stage(pieces: readonly Buffer[]): Promise<string> {
    const { mode } = await stat(this.path).catch(orNew);
    const stamp = await writeDurably(this.#staged, pieces, mode);
    await syncFolder(dirname(this.path));
    return stamp;
  }

  async apply(): Promise<void> {
    await rename(this.#staged, this.path);
    // The rename survives a power loss once the folder is synced.
    await syncFolder(dirname(this.path));
  }

  async discard(): Promise<void> {
    await rm(this.#staged, { force: true });
  }

  /** The staged content that a crash has left, if any. */
  async staged(): Promise<Buffer | undefined> {
    return readIfThere(this.#staged);
  }
}

/**
 * Which content a file has, without reading it: changes whenever the file is written or replaced.
 */
export async function stampOf(path: string): Promise<string> {
  return toStamp(await stat(path, { bigint: true }));
}

function toStamp({ ino, size, mtimeNs }: Record<'ino' | 'size' | 'mtimeNs', bigint>): string {
  return `${ino} ${size} ${mtimeNs}`;
}

function orNew(error: NodeJS.ErrnoException): { readonly mode: number } {
  if (error.code === 'ENOENT') return { mode: 0o644 };
  throw error;
}

/** The content of a file, undefined if it does not exist. */
export async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes a file that survives a power loss once its folder is synced. Returns its stamp. */
export async function writeDurably(
  file: string,
  pieces: readonly Buffer[],
  mode: number = 0o644,
): Promise<string> {
  const handle = await open(file, 'w', mode);
  try {
    for (const piece of pieces) await handle.appendFile(piece);
    await handle.sync();
    return toStamp(await handle.stat({ bigint: true }));
  } finally {
    await handle.close();
  }
}

/** Makes what was created, renamed or removed in a folder survive a power loss. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
