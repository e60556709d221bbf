import { randomBytes } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { checkFlags, compileFlags, type Flag, type FlagSet, type Problem } from '@graylane/flags';
import { watchFile } from '@graylane/provider/source';
import type { Log } from '../log.ts';
import { editDocument } from './edit-document.ts';
import {
  StoreError,
  type Fault,
  type FlagDocument,
  type FlagEdit,
  type FlagStore,
  type Snapshot,
} from './flag-store.ts';
import { writeAtomically } from './write-atomically.ts';

/** One flags file, edited by hand or by `write`. A file has no history: a server that starts anew begins another one. */
export class FileStore implements FlagStore {
  readonly #file: string;
  readonly #log: Log;
  readonly #history = randomBytes(6).toString('hex');
  readonly #listeners = new Set<(after: Snapshot, before: Snapshot) => void>();
  readonly #unwatch: () => void;
  #text: string;
  #faultyText: string | undefined;
  #snapshot: Snapshot;
  #fault: Fault | undefined;
  #revisions = 0;
  #writing: Promise<unknown> = Promise.resolve();

  /**
   * Reads the file and watches it.
   * @throws {Error} where there is no such file, or it holds no flag document: there is nothing to serve yet.
   */
  static async open(file: string, log: Log): Promise<FileStore> {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      throw new Error(`the flags file ${file} can't be read: ${(error as Error).message}`, { cause: error });
    }
    const store = new FileStore(file, text, log);
    for (const problem of checkFlags(text)) log.warn(`${file}: ${describe(problem)}`);
    return store;
  }

  private constructor(file: string, text: string, log: Log) {
    this.#file = file;
    this.#log = log;
    this.#text = text;
    const content = read(text, undefined);
    if ('problems' in content) {
      throw new Error(`the flags file ${file} holds no flags:${list(content.problems)}`);
    }
    this.#snapshot = this.#next(content);
    this.#unwatch = watchFile(file, text, {
      changed: (found) => this.#reload(found),
      unreadable: (error) => {
        this.#refuse(undefined, [{ path: '$', message: error.message, remedy: 'put the file back' }]);
      },
    });
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  onChange(listener: (after: Snapshot, before: Snapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  write(decide: (current: Flag | undefined) => FlagEdit, key: string): Promise<Snapshot> {
    const written = this.#writing.then(() => this.#write(decide, key));
    this.#writing = written.catch(() => {
      // The caller is told; the next one in the queue does not care.
    });
    return written;
  }

  close(): void {
    this.#unwatch();
  }

  async #write(decide: (current: Flag | undefined) => FlagEdit, key: string): Promise<Snapshot> {
    try {
      // An edit by hand that the watch has not seen yet must not be lost.
      this.#reload(await readFile(this.#file, 'utf8'));
      const edit = decide(this.#snapshot.flags.get(key));
      this.#refuseWhileFaulty();
      const text = editDocument(this.#text, edit);
      const content = read(text, this.#snapshot.flags);
      if ('problems' in content) throw new StoreError('unwritable', list(content.problems));
      await writeAtomically(await realpath(this.#file), text);
      this.#publish(text, content);
      return this.#snapshot;
    } catch (error) {
      if (!(error instanceof Error && 'syscall' in error)) throw error;
      throw new StoreError('unwritable', `${this.#file} can't be written: ${error.message}`, {
        cause: error,
      });
    }
  }

  #refuseWhileFaulty(): void {
    if (this.#fault === undefined) return;
    const problems = list(this.#fault.problems);
    throw new StoreError('pending_fault', `${this.#file} has an edit that must be mended first:${problems}`);
  }

  /** Takes over what the file holds now: all of it or, where an edited flag is broken, nothing. */
  #reload(text: string): void {
    if (text === (this.#fault ? this.#faultyText : this.#text)) return;
    const content = read(text, this.#snapshot.flags);
    if ('problems' in content) {
      this.#refuse(text, content.problems);
      return;
    }
    if (this.#fault) this.#log.info(`${this.#file} is mended`);
    this.#fault = undefined;
    if (text !== this.#text) this.#publish(text, content);
  }

  #publish(text: string, content: Content): void {
    this.#text = text;
    const before = this.#snapshot;
    this.#snapshot = this.#next(content);
    this.#log.info(`${this.#file}: revision ${this.#snapshot.revision}, ${content.flags.size} flags`);
    for (const listener of this.#listeners) listener(this.#snapshot, before);
  }

  #refuse(text: string | undefined, problems: readonly Problem[]): void {
    this.#faultyText = text;
    this.#fault = { file: this.#file, problems, since: new Date() };
    this.#log.warn(`${this.#file} can't be taken over; the last good rules stay:${list(problems)}`);
  }

  #next(content: Content): Snapshot {
    this.#revisions += 1;
    return { revision: `${this.#history}.${this.#revisions}`, ...content };
  }
}

interface Content {
  readonly document: FlagDocument;
  readonly flags: FlagSet;
}

/** What a text holds; or what is wrong with it, where it is no document or breaks a flag that was not broken before. */
function read(
  text: string,
  previous: FlagSet | undefined,
): Content | { readonly problems: readonly Problem[] } {
  try {
    const parsed: unknown = JSON.parse(text);
    const flags = compileFlags(parsed, { previous });
    if (previous) {
      const known = new Set(previous.warnings.map(describe));
      const problems = flags.warnings.filter((problem) => !known.has(describe(problem)));
      if (problems.length > 0) return { problems };
    }
    const definitions = [...flags.keys()].map((key) => [key, flags.get(key)?.definition]);
    const document = {
      ...(parsed as object),
      flags: Object.fromEntries(definitions) as FlagDocument['flags'],
    };
    return { document, flags };
  } catch {
    // Checking the same text says more than the error does.
    return { problems: checkFlags(text) };
  }
}

function list(problems: readonly Problem[]): string {
  return problems.map((problem) => `\n  ${describe(problem)}`).join('');
}

function describe({ path, message, remedy }: Problem): string {
  return `${path}: ${message}: ${remedy}`;
}
