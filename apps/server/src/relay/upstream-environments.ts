import { mkdir } from 'node:fs/promises';
import { UrlSource, type UrlSourceOptions } from '@graylane/source';
import type { Clients } from '../clients/clients.ts';
import type { ServerIdentity } from '../clients/server-identity.ts';
import type { Log } from '../log.ts';
import { RequestError } from '../model/request-error.ts';
import { defaultEnvironment, type Environments } from '../store/environments.ts';
import type { FlagStore } from '../store/flag-store.ts';
import { soleLeadership, type Leadership } from '../store/leadership.ts';
import { RulesCache } from './rules-cache.ts';
import { UpstreamLink } from './upstream-link.ts';
import { UpstreamStore } from './upstream-store.ts';

/** The server that a relay follows. */
export interface UpstreamOptions {
  readonly upstream: string;
  readonly token?: string | undefined;
  /** Certificates of authorities, in PEM. */
  readonly ca?: string | undefined;
  readonly environments: readonly string[];
  /** The folder of the last rules. Default: a start needs the upstream server. */
  readonly cache?: string | undefined;
}

/** How long a start without cached rules waits for the first ones, in milliseconds. */
const startTimeoutMs = 10_000;

/** One environment that is followed. */
export interface Followed {
  readonly name: string;
  readonly store: UpstreamStore;
  readonly link: UpstreamLink;
  readonly source: UrlSource;
  readonly cache: RulesCache | undefined;
}

/** The environments of a relay: those of another server, as it serves them. */
export class UpstreamEnvironments implements Environments {
  readonly leadership: Leadership = soleLeadership;
  readonly followed: readonly Followed[];
  readonly #upstream: string;

  /**
   * Starts to follow the environments, and waits for the first rules: those on disk, else those of
   * the upstream server.
   * @throws {Error} with the remedy if there are none, or an option can't be used.
   */
  static async open(
    options: UpstreamOptions,
    identity: ServerIdentity,
    log: Log,
  ): Promise<UpstreamEnvironments> {
    if (options.cache !== undefined) await mkdir(options.cache, { recursive: true });
    const followed = options.environments.map((name) => follow(name, options, identity, log));
    const environments = new UpstreamEnvironments(options.upstream, followed);
    try {
      await Promise.all(followed.map((one) => begin(one, options)));
    } catch (error) {
      await environments.close();
      throw error;
    }
    return environments;
  }

  private constructor(upstream: string, followed: readonly Followed[]) {
    this.#upstream = upstream;
    this.followed = followed;
  }

  get names(): readonly string[] {
    return this.followed.map(({ name }) => name).toSorted();
  }

  /**
   * A relay that does not follow `default` serves its first environment to clients that name none.
   */
  get(name: string): FlagStore | undefined {
    const found = this.followed.find((one) => one.name === name);
    return (found ?? (name === defaultEnvironment ? this.followed[0] : undefined))?.store;
  }

  onCreate(listener: (name: string, store: FlagStore) => void): () => void {
    for (const { name, store } of this.followed) listener(name, store);
    return () => {};
  }

  onRemove(): () => void {
    return () => {};
  }

  create(): Promise<never> {
    return this.#refuse();
  }

  remove(): Promise<never> {
    return this.#refuse();
  }

  /** Reports the clients of this relay to the upstream server from now on. */
  reportClients(clients: Clients, storeOf: (name: string) => FlagStore | undefined): void {
    for (const { name, link } of this.followed) {
      const store = storeOf(name);
      link.follow(store && clients.of(store));
    }
  }

  async close(): Promise<void> {
    for (const { source, link } of this.followed) {
      source.close();
      link.close();
    }
    const caches = this.followed.flatMap(({ cache }) => cache ?? []);
    await Promise.all(caches.map((cache) => cache.close()));
  }

  #refuse(): Promise<never> {
    const message = `this server is a relay of ${this.#upstream}: change environments there`;
    return Promise.reject(new RequestError('read_only', message));
  }
}

function follow(name: string, options: UpstreamOptions, identity: ServerIdentity, log: Log): Followed {
  const { upstream: url, token, ca, cache: folder } = options;
  const target: UrlSourceOptions = {
    url,
    environment: name,
    ...(token !== undefined && { token }),
    ...(ca !== undefined && { ca }),
  };
  const store = new UpstreamStore(url, name, log);
  const link = new UpstreamLink(target, identity);
  const source = new UrlSource(target, {
    revisions: link,
    checkHeaders: (headers) => link.checkHeaders(headers),
  });
  const file = `${folder}/${encodeURIComponent(name)}.rules`;
  const cache = folder === undefined ? undefined : new RulesCache(file, source.id, log);
  if (cache !== undefined) store.onChange(({ after }) => cache.save(after));
  return { name, store, link, source, cache };
}

/** Resolves with the first rules. */
async function begin(
  { name, store, source, cache }: Followed,
  { cache: folder }: UpstreamOptions,
): Promise<void> {
  const cached = await cache?.load();
  const isRestored = cached !== undefined && store.restore(cached.document, cached.revision);
  const { sink } = store;
  await new Promise<void>((resolve, reject) => {
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      unsubscribe();
      settle();
    };
    const fail = (reason = 'it has not responded in time'): void =>
      end(() =>
        reject(new Error(`there are no rules for the environment "${name}": ${reason}. ${remedyOf(folder)}`)),
      );
    const timer = setTimeout(() => fail(store.link.reason), startTimeoutMs);
    const unsubscribe = store.onLink(({ connected }) => connected && end(resolve));
    const refused = (message: string): void => {
      sink.refused(message);
      if (!isRestored) fail(store.link.reason);
    };
    source.start({ ...sink, refused });
    if (isRestored) end(resolve);
  });
}

function remedyOf(folder: string | undefined): string {
  const rest =
    folder === undefined ? 'with --cache DIR a later start does not need it' : 'the cache has no rules yet';
  return `Start that server, or correct --upstream and its options; ${rest}`;
}
