import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isObject } from '../../is-object.ts';
import type { Log } from '../../log.ts';
import type { Kills } from '../../model/kill.ts';
import { StagedFile } from '../disk/staged-file.ts';
import { noKills } from './overlay.ts';

/** The kills of each environment that are in force here and not written yet, on disk. */
export class HeldFile {
  readonly #path: string | undefined;
  readonly #log: Log;
  #held: Readonly<Record<string, Kills>>;
  #turn: Promise<void> = Promise.resolve();
  #trouble: string | undefined;

  /** Without a path the kills are held in memory alone. */
  constructor(path: string | undefined, log: Log) {
    this.#path = path;
    this.#log = log;
    this.#held = path === undefined ? {} : this.#read(path);
  }

  /** Why the file is not what is held here, with the remedy; undefined if it is. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  of(environment: string): Kills {
    return Object.hasOwn(this.#held, environment) ? (this.#held[environment] ?? noKills) : noKills;
  }

  /**
   * Keeps the kills of an environment, or forgets a removed one; in the background, since a full
   * disk must not delay a kill.
   */
  keep(environment: string, kills: Kills | undefined): void {
    const { [environment]: before, ...others } = this.#held;
    if (before === undefined && kills === undefined) return;
    this.#held = kills === undefined ? others : { ...others, [environment]: kills };
    const path = this.#path;
    if (path !== undefined) this.#turn = this.#turn.then(() => this.#write(path));
  }

  /** Resolves when everything is on disk, or could not be written. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  #read(path: string): Readonly<Record<string, Kills>> {
    try {
      const held: unknown = JSON.parse(readFileSync(path, 'utf8'));
      if (isObject(held)) return held as Record<string, Kills>;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      return this.#lost(path, String(error));
    }
    return this.#lost(path, 'it is not a JSON object');
  }

  #lost(path: string, reason: string): Readonly<Record<string, Kills>> {
    this.#report(
      `${path} can't be read, so kills that an earlier process could not write may be lost: ${reason}: kill again what must be off`,
    );
    return {};
  }

  async #write(path: string): Promise<void> {
    try {
      await mkdir(dirname(path), { recursive: true });
      const file = new StagedFile(path);
      await file.stage([Buffer.from(JSON.stringify(this.#held, null, 2))]);
      await file.apply();
      this.#trouble = undefined;
    } catch (error) {
      this.#report(
        `${path} can't be written, so a restart would not know the kills that are held here: ${String(error)}: make it writable`,
      );
    }
  }

  #report(trouble: string): void {
    if (trouble !== this.#trouble) this.#log.warn(trouble);
    this.#trouble = trouble;
  }
}
