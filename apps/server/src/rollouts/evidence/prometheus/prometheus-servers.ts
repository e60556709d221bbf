import { prometheusAddress } from '../../definition/prometheus-address.ts';

/** The Prometheus servers that rollouts may read: those of the server's settings. */
export class PrometheusServers {
  readonly #authorizations = new Map<string, string | undefined>();

  /** @param urls addresses, each with a user and password if it needs them. */
  constructor(urls: readonly string[] = []) {
    for (const url of urls) {
      const address = prometheusAddress(url);
      if (address !== undefined) this.#authorizations.set(address, authorizationOf(new URL(url)));
    }
  }

  /** The addresses, without users and passwords. */
  get addresses(): readonly string[] {
    return [...this.#authorizations.keys()];
  }

  has(address: string): boolean {
    return this.#authorizations.has(address);
  }

  /** The header `authorization` of requests to an address. */
  authorizationOf(address: string): string | undefined {
    return this.#authorizations.get(address);
  }
}

function authorizationOf({ username, password }: URL): string | undefined {
  if (username === '') return undefined;
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}
