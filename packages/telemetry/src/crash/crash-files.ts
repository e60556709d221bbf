import { lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where the files go unless a folder is named: one for each user of the machine. */
export const defaultCrashFolder: string = join(tmpdir(), `graylane-${process.getuid?.() ?? 'user'}`);

const ours = /^graylane-\d+-\d+\.(?:heapprofile|report\.json)$/;

/** A folder with at most `kept` files of ours; the oldest ones give way. */
export class CrashFiles {
  readonly #folder: string;
  readonly #kept: number;

  /** @throws if the folder belongs to another user, who could read the files or replace them. */
  constructor(folder: string = defaultCrashFolder, kept = 8) {
    this.#folder = folder;
    this.#kept = kept;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid } = lstatSync(folder);
    const user = process.getuid?.();
    if (user !== undefined && uid !== user) {
      throw new Error(`${folder} belongs to user ${uid}, not ${user}: name another folder in crash.folder`);
    }
  }

  get folder(): string {
    return this.#folder;
  }

  /** Writes a file for this process and returns its path. */
  write(kind: 'heapprofile' | 'report.json', text: string): string {
    const path = join(this.#folder, `graylane-${Date.now()}-${process.pid}.${kind}`);
    writeFileSync(path, text, { mode: 0o600 });
    this.#trim();
    return path;
  }

  #trim(): void {
    const names = readdirSync(this.#folder).filter((name) => ours.test(name));
    // The names begin with the time, in 13 digits, so they sort by it.
    for (const name of names.toSorted().slice(0, -this.#kept))
      rmSync(join(this.#folder, name), { force: true });
  }
}
