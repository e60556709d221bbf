import type { Environments } from '../store/environments.ts';
import type { FlagStore } from '../store/flag-store.ts';
import type { ClientName, ClientProtocol } from './client.ts';
import { EnvironmentClients } from './environment-clients.ts';

/** The clients of a server, by environment. */
export class Clients {
  readonly #of = new Map<FlagStore, EnvironmentClients>();
  readonly #unsubscribes: ReadonlyArray<() => void>;

  constructor(environments: Environments) {
    this.#unsubscribes = [
      environments.onCreate((_name, store) => this.#of.set(store, new EnvironmentClients(store))),
      environments.onRemove((_name, store) => {
        this.#of.get(store)?.close();
        this.#of.delete(store);
      }),
    ];
  }

  /** The clients of an environment; undefined once it is removed. */
  of(store: FlagStore): EnvironmentClients | undefined {
    return this.#of.get(store);
  }

  /** Counts a client of an environment until the returned function is called. */
  connect(store: FlagStore, protocol: ClientProtocol, name?: ClientName): () => void {
    return this.#of.get(store)?.connect(protocol, name) ?? (() => {});
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    for (const clients of this.#of.values()) clients.close();
  }
}
