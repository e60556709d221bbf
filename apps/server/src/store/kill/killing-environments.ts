import type { Log } from '../../log.ts';
import type { ParsedDocument, Snapshot } from '../../model/document.ts';
import type { Kills } from '../../model/kill.ts';
import type { Authorship } from '../../model/revision.ts';
import { storeOf, type Environments } from '../environments.ts';
import type { FlagStore } from '../flag-store.ts';
import type { Leadership } from '../leadership.ts';
import { EnvironmentFile } from '../disk/environment-file.ts';
import { KillingStore, type Accompany } from './killing-store.ts';
import { noKills } from './overlay.ts';

/** How environments are wrapped. */
export interface KillingEnvironmentsOptions {
  readonly log: Log;
  /** The file of the kills that are not written yet. Default: they are held in memory alone. */
  readonly file?: string | undefined;
  /**
   * Whether kills are held for sources that can never be written, rather than refused. Default:
   * false.
   */
  readonly holdsReadOnly?: boolean;
  readonly accompany?: Accompany;
}

const losses = {
  unreadable: 'so kills that an earlier process could not write may be lost; kill again what must be off',
  unwritable: 'so a restart would not know the kills that are held here; make it writable',
};

/** Environments whose kills are in force at once, even while nothing can be written. */
export class KillingEnvironments implements Environments {
  readonly #environments: Environments;
  /** The kills that are in force here and not written yet. */
  readonly #held: EnvironmentFile<Kills>;
  /** Weak, since listeners ask for the store of an environment that is being removed. */
  readonly #stores = new WeakMap<FlagStore, KillingStore>();
  readonly #unsubscribes: ReadonlyArray<() => void>;

  constructor(environments: Environments, options: KillingEnvironmentsOptions) {
    const { log, file, holdsReadOnly = false, accompany } = options;
    const held = new EnvironmentFile<Kills>(file, losses, log);
    this.#environments = environments;
    this.#held = held;
    this.#unsubscribes = [
      environments.onCreate((name, store) => {
        const keep = (kills: Kills): void => held.keep(name, kills);
        const kept = { held: held.of(name) ?? noKills, keep, keepTrouble: () => held.trouble };
        const wrapped = { log, name, ...kept, holdsReadOnly, accompany };
        this.#stores.set(store, new KillingStore(store, wrapped));
      }),
      // The next environment of this name must not begin with the kills of this one.
      environments.onRemove((name, store) => {
        this.#of(store).release();
        held.keep(name, undefined);
      }),
    ];
  }

  get names(): readonly string[] {
    return this.#environments.names;
  }

  get leadership(): Leadership {
    return this.#environments.leadership;
  }

  get(name: string): KillingStore | undefined {
    const store = this.#environments.get(name);
    return store && this.#stores.get(store);
  }

  onCreate(listener: (name: string, store: KillingStore) => void): () => void {
    return this.#environments.onCreate((name, store) => listener(name, this.#of(store)));
  }

  onRemove(listener: (name: string, store: KillingStore) => void): () => void {
    return this.#environments.onRemove((name, store) => listener(name, this.#of(store)));
  }

  async create(name: string, document: ParsedDocument, authorship: Authorship): Promise<KillingStore> {
    return this.#of(await this.#environments.create(name, document, authorship));
  }

  remove(name: string, decide: (current: Snapshot) => Authorship): Promise<void> {
    return this.#environments.remove(name, decide);
  }

  async close(): Promise<void> {
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    for (const name of this.names) this.get(name)?.release();
    await this.#environments.close();
    await this.#held.settled();
  }

  #of(store: FlagStore): KillingStore {
    return this.#stores.get(store) as KillingStore;
  }
}

/**
 * The store of an environment, with its kills.
 * @throws {RequestError} `unknown_environment`, with the names that exist.
 */
export function killingStoreOf(environments: KillingEnvironments, name: string): KillingStore {
  return storeOf(environments, name) as KillingStore;
}
