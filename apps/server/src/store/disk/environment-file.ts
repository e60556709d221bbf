import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isObject } from '../../is-object.ts';
import type { Log } from '../../log.ts';
import { StagedFile } from './staged-file.ts';

/** The part of a message that names the loss, for a file that can't be read, or written. */
export interface Losses {
  readonly unreadable: string;
  readonly unwritable: string;
}

/** A JSON file with a value for each environment, for the next process. */
export class EnvironmentFile<Value> {
  readonly #path: string | undefined;
  readonly #losses: Losses;
  readonly #log: Log;
  #values: Readonly<Record<string, Value>>;
  #turn: Promise<void> = Promise.resolve();
  #waits = false;
  #trouble: string | undefined;

  /** Without a path the values are kept in memory alone. */
  constructor(path: string | undefined, losses: Losses, log: Log) {
    this.#path = path;
    this.#losses = losses;
    this.#log = log;
    this.#values = path === undefined ? {} : this.#read(path);
  }

  /** Why the file has not what is kept here, with the loss; undefined if it has. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** The value of an environment, unchecked if an earlier process wrote it. */
  of(environment: string): Value | undefined {
    return Object.hasOwn(this.#values, environment) ? this.#values[environment] : undefined;
  }

  /**
   * Keeps the value of an environment, or forgets it; in the background, so that a slow or full
   * disk delays nothing else.
   */
  keep(environment: string, value: Value | undefined): void {
    const { [environment]: before, ...others } = this.#values;
    if (before === undefined && value === undefined) return;
    this.#values = value === undefined ? others : { ...others, [environment]: value };
    const path = this.#path;
    if (path === undefined || this.#waits) return;
    this.#waits = true;
    this.#turn = this.#turn.then(async () => {
      this.#waits = false;
      await this.#write(path);
    });
  }

  /** Resolves when everything is on disk, or could not be written. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  #read(path: string): Readonly<Record<string, Value>> {
    try {
      const values: unknown = JSON.parse(readFileSync(path, 'utf8'));
      if (isObject(values)) return values as Record<string, Value>;
      this.#report(`${path} can't be read, ${this.#losses.unreadable}: it is not a JSON object`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#report(`${path} can't be read, ${this.#losses.unreadable}: ${String(error)}`);
    }
    return {};
  }

  async #write(path: string): Promise<void> {
    try {
      await mkdir(dirname(path), { recursive: true });
      const file = new StagedFile(path);
      await file.stage([Buffer.from(JSON.stringify(this.#values, null, 2))]);
      await file.apply();
      this.#trouble = undefined;
    } catch (error) {
      this.#report(`${path} can't be written, ${this.#losses.unwritable}: ${String(error)}`);
    }
  }

  #report(trouble: string): void {
    if (trouble !== this.#trouble) this.#log.warn(trouble);
    this.#trouble = trouble;
  }
}
