import { parseAddress } from '../store/postgres/database/address.ts';
import { logFormats, logLevels, type LogOptions } from '../logging/log-options.ts';
import type { OidcSettings } from '../oidc/provider.ts';
import { UsageError, type GivenOptions } from './read-options.ts';
import { isAddress } from './setting-types.ts';

/** A flags file at an address, and how it is read. */
export interface WebOrigin {
  readonly url: string;
  readonly token: string | undefined;
  readonly intervalSeconds: number;
  /** The file of the last good document. */
  readonly copy: string | undefined;
}

/** Another server, which a relay follows. */
export interface UpstreamOrigin {
  readonly upstream: string;
  readonly token?: string | undefined;
  /** A file of certificates of authorities, in PEM. */
  readonly ca?: string | undefined;
  /** Default: `default`. */
  readonly environments?: readonly string[] | undefined;
  /** The folder of the last rules, for a start without the other server. Default: none. */
  readonly cache?: string | undefined;
}

/**
 * Where flags come from: one flags file, several that are merged, one at an address, or
 * environments with their history, in a folder or a PostgreSQL, or those of another server.
 */
export type FlagOrigin =
  | { readonly flags: string }
  | { readonly files: readonly string[] }
  | { readonly web: WebOrigin }
  | { readonly data: string }
  | {
      readonly database: string;
      /** A URL of PostgreSQL itself, if `database` is that of a pooler. */
      readonly directDatabase?: string | undefined;
      /** The folder of the kills that are not written yet. Default: none. */
      readonly cache?: string | undefined;
    }
  | UpstreamOrigin;

/** The origin as messages name it. */
export function originName(origin: FlagOrigin): string {
  if ('data' in origin) return origin.data;
  if ('database' in origin) return parseAddress(origin.database).shown;
  if ('upstream' in origin) return origin.upstream;
  if ('files' in origin) return origin.files.join(', ');
  return 'web' in origin ? new URL(origin.web.url).host : origin.flags;
}

/** How the server runs. Port 0 is a free one. */
export interface Settings {
  readonly source: FlagOrigin;
  /** Refuse every write over the API; edits by hand are still taken over. Default: false. */
  readonly readOnly?: boolean | undefined;
  /** The address that all three ports listen on. Default: 127.0.0.1. */
  readonly host?: string;
  /** Serve other machines without a token. Default: false. */
  readonly insecure?: boolean;
  /** The files of the certificate, in PEM; both or none. Default: no TLS. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  /** A file of tokens. Default: `tokens.json` of the data folder, none for a flags file. */
  readonly tokens?: string | undefined;
  /** A file of webhooks. Default: none. */
  readonly webhooks?: string | undefined;
  /**
   * The Prometheus servers that rollouts may read, each with its user and password if it needs
   * them. Default: none.
   */
  readonly prometheus?: readonly string[];
  /** Sign-in of people by OpenID Connect. Default: tokens alone. */
  readonly oidc?: OidcSettings | undefined;
  readonly port: number;
  readonly grpcPort: number;
  readonly managementPort: number;
  /**
   * The evaluation requests per second of one token or, without tokens, of one client address, by
   * OFREP and gRPC together. Default: no limit.
   */
  readonly rateLimit?: number | undefined;
  /**
   * Host names of this server, beside those of loopback. Default: none on loopback, and on any
   * other address every name.
   */
  readonly allowHosts?: readonly string[];
  /**
   * Web origins whose pages may use the server, with `*` for subdomains or the port. Default: none.
   */
  readonly allowOrigins?: readonly string[];
  /**
   * Proxies (addresses and CIDR ranges) whose `X-Forwarded-For` names the client. Default: none.
   */
  readonly trustProxies?: readonly string[];
  /**
   * The attributes of evaluation contexts, as paths with dots, that the server remembers of OFREP
   * requests. Default: none.
   */
  readonly recordAttributes?: readonly string[];
}

/** The settings of the process, beside those of the server. */
export interface ProcessSettings extends Settings {
  readonly log: LogOptions;
}

/**
 * Reads how the server is to run.
 * @throws {UsageError} if there is no source or more than one, or a value is not allowed.
 */
export function readSettings(given: GivenOptions): ProcessSettings {
  return {
    log: { level: given.word('log-level', logLevels), format: given.word('log-format', logFormats) },
    source: readSource(given),
    readOnly: given.switch('read-only'),
    tokens: given.text('tokens'),
    webhooks: given.text('webhooks'),
    prometheus: given.list('prometheus'),
    oidc: readOidc(given),
    host: given.text('host') ?? '127.0.0.1',
    insecure: given.switch('insecure'),
    tlsCert: given.text('tls-cert'),
    tlsKey: given.text('tls-key'),
    port: given.number('port') ?? 8080,
    grpcPort: given.number('grpc-port') ?? 8015,
    managementPort: given.number('management-port') ?? 9464,
    rateLimit: given.number('rate-limit'),
    allowHosts: given.list('allow-host'),
    allowOrigins: given.list('allow-origin'),
    trustProxies: given.list('trust-proxy'),
    recordAttributes: given.list('record-attributes'),
  };
}

function readOidc(given: GivenOptions): OidcSettings | undefined {
  const [issuer, clientId] = [given.text('oidc-issuer'), given.text('oidc-client-id')];
  const clientSecret = given.text('oidc-client-secret');
  if (issuer === undefined && clientId === undefined) return undefined;
  if (issuer === undefined || clientId === undefined || clientSecret === undefined) {
    const all = '--oidc-issuer, --oidc-client-id and GRAYLANE_OIDC_CLIENT_SECRET';
    throw new UsageError(`sign-in by OpenID Connect is not complete: set all of ${all}`);
  }
  const [rolesClaim, publicUrl] = [given.text('oidc-roles-claim'), given.text('public-url')];
  return { issuer, clientId, clientSecret, rolesClaim, publicUrl };
}

/** An option takes precedence over variables, that of the other source included. */
function readSource(given: GivenOptions): FlagOrigin {
  const names = ['flags', 'data', 'database', 'upstream'];
  const isGiven = names.some((name) => given.has(name));
  const counts = (name: string): boolean => !isGiven || given.has(name);
  const flags = counts('flags') ? given.list('flags') : [];
  const data = counts('data') ? given.text('data') : undefined;
  const database = counts('database') ? given.text('database') : undefined;
  const upstream = counts('upstream') ? given.text('upstream') : undefined;
  const found = [flags[0], data, database, upstream].flatMap((one, at) =>
    one === undefined ? [] : [`--${names[at]}`],
  );
  if (found.length > 1) {
    const remedy = 'serve flags files, or one data folder, or one database, or one upstream server';
    throw new UsageError(`${found.join(' and ')} are both given: ${remedy}`);
  }
  if (flags.length > 0) return readFlags(flags, given);
  if (data !== undefined) return { data };
  if (database !== undefined) {
    return { database, directDatabase: given.text('database-direct'), cache: given.text('cache') };
  }
  if (upstream !== undefined) {
    const environments = given.list('upstream-environment');
    return {
      upstream,
      token: given.text('upstream-token'),
      ca: given.text('upstream-ca'),
      environments: environments.length > 0 ? environments : undefined,
      cache: given.text('cache'),
    };
  }
  const remedy = 'name a flags file with --flags FILE (GRAYLANE_FLAGS), or a data folder with --data DIR';
  throw new UsageError(
    `there are no flags to serve: ${remedy} (GRAYLANE_DATA), a PostgreSQL with --database URL (DATABASE_URL), or another server with --upstream URL (GRAYLANE_UPSTREAM)`,
  );
}

function readFlags(flags: readonly string[], given: GivenOptions): FlagOrigin {
  const url = flags.find((one) => isAddress(one));
  if (url === undefined) {
    const [file = ''] = flags;
    return flags.length === 1 ? { flags: file } : { files: flags };
  }
  if (flags.length > 1)
    throw new UsageError(`--flags has ${url} and others: give one address, or only files`);
  return {
    web: {
      url,
      token: given.text('flags-token'),
      intervalSeconds: given.number('flags-interval') ?? 30,
      copy: given.text('flags-copy'),
    },
  };
}
