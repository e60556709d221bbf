import type { FlagSet } from '@graylane/flags';
import { isObject } from '../is-object.ts';
import type { FlagStore } from '../store/flag-store.ts';
import type { RecordEdit } from '../model/revision.ts';
import { FlagUsage, readStored, type StoredUsage, type UsageSample } from './flag-usage.ts';
import { ServerEvaluations } from './server-evaluations.ts';

/** The kind of the records in the store: one for each flag, and one for the environment. */
const kind = 'usage';

/** The id of the record of the environment; that of a flag begins with "flag ". */
const environmentId = 'environment';

/** The flags that are stored together. */
const batch = 1000;

/** How often the flags of one environment are evaluated, and by which services. */
export class EnvironmentUsage {
  /** Of this server, for the clients of OFREP and of flagd's protocol. */
  readonly ofrep: ServerEvaluations = new ServerEvaluations('(OFREP)');
  readonly flagd: ServerEvaluations = new ServerEvaluations('(flagd)');
  readonly #store: FlagStore;
  readonly #now: () => number;
  readonly #flags = new Map<string, FlagUsage>();
  readonly #unsubscribe: () => void;
  #since: number;
  #isNew = true;
  #removed = new Set<string>();

  /** Reads what was stored before. */
  static async open(store: FlagStore, now: () => number): Promise<EnvironmentUsage> {
    const usage = new EnvironmentUsage(store, now);
    const started = await store.records.get(kind, environmentId);
    if (isObject(started) && typeof started['since'] === 'number') {
      usage.#since = started['since'];
      usage.#isNew = false;
    }
    await usage.refresh();
    return usage;
  }

  private constructor(store: FlagStore, now: () => number) {
    this.#store = store;
    this.#now = now;
    this.#since = now();
    this.#unsubscribe = store.onChange(({ revision }) => {
      for (const { path, before, after } of revision.changes) {
        const [member, key] = path;
        if (member !== 'flags' || key === undefined) continue;
        if (after === undefined) this.#remove(key);
        else if (before === undefined) this.#flags.set(key, new FlagUsage(this.#now()));
      }
    });
  }

  /** The flags that exist now. */
  get flags(): FlagSet {
    return this.#store.snapshot.flags;
  }

  /** The usage of a flag, whether or not it exists. */
  of(flagKey: string): FlagUsage {
    this.#takeServerEvaluations();
    return this.#flags.get(flagKey) ?? new FlagUsage(this.#since);
  }

  /** Counts evaluations. Those of flags that do not exist are dropped. */
  add(sample: UsageSample): void {
    const { flagKey } = sample;
    let flag = this.#flags.get(flagKey);
    if (flag === undefined) {
      if (this.flags.get(flagKey) === undefined) return;
      this.#flags.set(flagKey, (flag = new FlagUsage(this.#since)));
    }
    flag.add(sample);
  }

  /** Reads what is stored, by this server and by others. */
  async refresh(): Promise<void> {
    for (const { id, value } of await this.#store.records.list(kind)) {
      const stored = id.startsWith('flag ') ? readStored(value) : undefined;
      if (stored === undefined) continue;
      const key = id.slice('flag '.length);
      const flag = this.#flags.get(key) ?? new FlagUsage(stored.since);
      flag.restore(stored);
      this.#flags.set(key, flag);
    }
  }

  /** Stores what has changed, beside the flags. */
  async save(): Promise<void> {
    this.#takeServerEvaluations();
    const changed = [...this.#flags].filter(([, usage]) => usage.isChanged);
    for (let at = 0; at < changed.length; at += batch) await this.#saveFlags(changed.slice(at, at + batch));
    const removed = this.#removed;
    if (removed.size === 0 && !this.#isNew) return;
    this.#removed = new Set();
    const edits: RecordEdit[] = [...removed].map((key) => ({ kind, id: `flag ${key}` }));
    await this.#write(() => [...edits, { kind, id: environmentId, value: { since: this.#since } }]);
    this.#isNew = false;
  }

  close(): void {
    this.#unsubscribe();
  }

  async #saveFlags(flags: ReadonlyArray<readonly [string, FlagUsage]>): Promise<void> {
    const stored = new Map<FlagUsage, StoredUsage>();
    for (const [, usage] of flags) usage.save();
    // Other servers of the store add to the same records.
    await this.#write(async (read) => {
      const edits: RecordEdit[] = [];
      for (const [key, usage] of flags) {
        const value = usage.mergedWith(await read(`flag ${key}`));
        stored.set(usage, value);
        edits.push({ kind, id: `flag ${key}`, value });
      }
      return edits;
    });
    for (const [usage, value] of stored) usage.saved(value);
  }

  async #write(
    decide: (read: (id: string) => Promise<unknown>) => RecordEdit[] | Promise<RecordEdit[]>,
  ): Promise<void> {
    await this.#store.write(async (_current, reader) => {
      const records = await decide((id) => reader.get(kind, id));
      return { author: 'graylane', edits: [], records };
    });
  }

  #remove(key: string): void {
    this.#flags.delete(key);
    this.#removed.add(key);
  }

  #takeServerEvaluations(): void {
    const now = this.#now();
    for (const evaluations of [this.ofrep, this.flagd]) {
      for (const sample of evaluations.drain(now)) this.add(sample);
    }
  }
}
