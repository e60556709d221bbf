import type { IncomingHttpHeaders } from 'node:http';
import {
  openServerClient,
  serverHeader,
  SourceRefusal,
  type RevisionListener,
  type ServerClient,
  type UrlSourceOptions,
} from '@graylane/source';
import type { EnvironmentClients } from '../clients/environment-clients.ts';
import type { ServerIdentity } from '../clients/server-identity.ts';

/** Changes of the numbers within this time are one report, in milliseconds. */
const coalesceMs = 25;

/** How long a report may take, and how soon one is sent anew that failed, in milliseconds. */
const [timeoutMs, retryMs] = [5000, 1000];

/** The name of a relay among the clients of its upstream server. */
const service = 'graylane-relay';

/**
 * The link of one environment to the upstream server, beside the change stream: checks what that
 * server is, and reports the clients of this relay in numbers.
 */
export class UpstreamLink implements RevisionListener {
  readonly headers: Readonly<Record<string, string>>;
  readonly client: ServerClient;
  readonly #identity: ServerIdentity;
  readonly #path: string;
  #clients: EnvironmentClients | undefined;
  #unsubscribe: () => void = () => {};
  #revision: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isSending = false;
  #isDue = false;
  #isClosed = false;

  constructor(options: UrlSourceOptions, identity: ServerIdentity) {
    this.#identity = identity;
    this.client = openServerClient(options) as ServerClient;
    this.#path = `api/v1/environments/${encodeURIComponent(options.environment ?? 'default')}/clients`;
    this.headers = { 'graylane-service': service, 'graylane-instance': identity.id };
  }

  /**
   * Refuses a server that has its flags from this one, and one of another major version.
   * @throws {SourceRefusal} with the remedy.
   */
  checkHeaders(headers: IncomingHttpHeaders): void {
    const [version = '', ...ids] = String(headers[serverHeader] ?? '').split(' ');
    if (version === '')
      throw new SourceRefusal('did not name its version: upgrade it, or check the proxy before it', {
        isFinal: true,
      });
    if (ids.includes(this.#identity.id)) {
      throw new SourceRefusal(
        'is this server itself, or has its flags from this server: set --upstream to a server that is nearer to the origin',
        { isFinal: true },
      );
    }
    const [theirs, ours] = [majorOf(version), majorOf(this.#identity.version)];
    if (theirs !== ours) {
      throw new SourceRefusal(
        `runs version ${version}, and this relay ${this.#identity.version}: run the same major version on both`,
        { isFinal: true },
      );
    }
    this.#identity.upstream = ids;
  }

  /** Reports the numbers of these clients from now on. */
  follow(clients: EnvironmentClients | undefined): void {
    this.#clients = clients;
    this.#unsubscribe();
    this.#unsubscribe = clients?.onChange(() => this.#schedule(coalesceMs)) ?? (() => {});
    this.#schedule(0);
  }

  serving(revision: string): void {
    this.#revision = revision;
    this.#schedule(0);
  }

  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    clearTimeout(this.#timer);
  }

  #schedule(ms: number): void {
    if (this.#isClosed) return;
    if (this.#isSending) {
      this.#isDue = true;
      return;
    }
    if (this.#timer !== undefined || this.#revision === undefined || this.#clients === undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#send();
    }, ms);
    this.#timer.unref();
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    this.#isDue = false;
    const report = {
      service,
      instance: this.#identity.id,
      revision: this.#revision,
      downstream: this.#clients?.downstream(),
    };
    const options = { timeoutMs, keepsAlive: false };
    const { failure } = await this.client.post(this.#path, JSON.stringify(report), options);
    this.#isSending = false;
    if (failure !== undefined) this.#schedule(retryMs);
    else if (this.#isDue) this.#schedule(coalesceMs);
  }
}

function majorOf(version: string): string {
  return version.split('.', 1)[0] ?? '';
}
