import { X509Certificate } from 'node:crypto';
import { checkOptions, checkTypes } from '../check-options.ts';

/** A flag server, and which of its environments. */
export interface UrlSourceOptions {
  /** The server's HTTP address, e.g. `http://flags:8080`. */
  readonly url: string;
  /** Sent as a bearer token to servers, or proxies before them, that require one. */
  readonly token?: string;
  /** Default: `default`. */
  readonly environment?: string;
  /**
   * The certificates of the authorities that may have issued the server's certificate, in PEM, e.g.
   * `readFileSync('ca.pem', 'utf8')`, in place of those that Node trusts. For https only.
   */
  readonly ca?: string;
  /**
   * The largest event to accept, in bytes; the first event holds all flags. Default: 67,108,864 (64
   * MiB).
   */
  readonly maxEventBytes?: number;
}

/** The options, checked. */
export interface UrlTarget {
  /** The change stream. */
  readonly address: URL;
  /** The server: its base URL, and the same for messages. */
  readonly base: URL;
  readonly server: string;
  readonly environment: string;
  readonly token: string | undefined;
  readonly ca: string | undefined;
  readonly maxEventBytes: number;
}

/** One word that a header can hold. */
export const headerValue: RegExp = /^[\x21-\x7e]{1,8000}$/;

/** @throws {TypeError} if an option is invalid or unknown. */
export function readUrlSourceOptions(options: UrlSourceOptions): UrlTarget {
  checkOptions('source', options, ['url', 'token', 'environment', 'ca', 'maxEventBytes']);
  checkTypes('source', options, { token: 'string' });
  const { url, token, environment = 'default', ca, maxEventBytes = 67_108_864 } = options;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new TypeError(
      `source.url is ${JSON.stringify(url)}: it must be the flag server's address, e.g. http://flags:8080`,
    );
  }
  const base = new URL(url);
  if (base.username !== '' || base.password !== '') {
    throw new TypeError('source.url has a user or a password, which would appear in logs: use source.token');
  }
  if (token !== undefined && !headerValue.test(token)) {
    throw new TypeError(
      'source.token is empty or has characters that a header must not have: use the token as it was created, e.g. gl_…',
    );
  }
  if (typeof environment !== 'string' || environment === '') {
    throw new TypeError(
      `source.environment is ${JSON.stringify(environment)}: it must be a name, e.g. production`,
    );
  }
  if (ca !== undefined) checkAuthorities(ca, base);
  if (!(Number.isSafeInteger(maxEventBytes) && maxEventBytes > 0)) {
    throw new TypeError(
      `source.maxEventBytes is ${String(maxEventBytes)}: it must be a positive integer, e.g. 67108864`,
    );
  }
  Object.assign(base, { search: '', hash: '', pathname: base.pathname.replace(/\/?$/, '/') });
  const path = `api/v1/environments/${encodeURIComponent(environment)}/stream?heartbeat=1`;
  const server = base.href.replace(/\/$/, '');
  return { address: new URL(path, base), base, server, environment, token, ca, maxEventBytes };
}

function checkAuthorities(ca: string, { protocol }: URL): void {
  try {
    // `X509Certificate` reads the first certificate of the string, which may also be DER.
    if (!ca.includes('-----BEGIN CERTIFICATE-----')) throw new TypeError('it has no certificate');
    void new X509Certificate(ca);
  } catch (error) {
    throw new TypeError("source.ca must be certificates in PEM, e.g. readFileSync('ca.pem', 'utf8')", {
      cause: error,
    });
  }
  if (protocol !== 'https:')
    throw new TypeError('source.ca is for https: source.url must begin with https://');
}
