import type { SettingType } from './setting-types.ts';

/** A command by its name; `serve` runs without one. */
export type CommandName =
  | 'serve'
  | 'check'
  | 'export'
  | 'import'
  | 'history'
  | 'audit'
  | 'verify'
  | 'explain'
  | 'usage'
  | 'lanes'
  | 'map'
  | 'clients'
  | 'environments'
  | 'undo'
  | 'diff'
  | 'preview'
  | 'set'
  | 'rollout'
  | 'kill'
  | 'token';

/** A command of the command line. */
export interface CommandInfo {
  readonly name: CommandName;
  /** The operands, as help shows them; brackets make one optional, `...` repeats the last. */
  readonly operand?: string;
  readonly help: string;
}

/** The commands, in the order in which help lists them. */
export const commands: readonly CommandInfo[] = [
  { name: 'serve', help: 'serves flags until it is stopped' },
  {
    name: 'check',
    operand: 'FILE',
    help: 'lists the problems of a flags file; exits with 1 if there are any',
  },
  { name: 'export', operand: '[FILE]', help: 'writes the flags of an environment to a file, or prints them' },
  {
    name: 'import',
    operand: 'FILE',
    help: 'makes a file the flags of an environment, which is created if need be',
  },
  { name: 'history', operand: '[FLAG]', help: 'prints who changed which flags, when and why' },
  {
    name: 'audit',
    operand: '[TEXT]',
    help: 'lists where writes came from, and refused requests; TEXT is in the author, address, route or reason',
  },
  {
    name: 'verify',
    operand: '[DIR]',
    help: 'checks the history in a data folder, or in --database; exits with 1 if it was changed',
  },
  {
    name: 'explain',
    operand: 'FLAG',
    help: 'shows why a flag has its variant for an evaluation context: conditions, values, buckets',
  },
  {
    name: 'usage',
    operand: '[FLAG]',
    help: 'shows which flags are evaluated, by which services, and how often each rule matches',
  },
  { name: 'lanes', help: 'shows the lanes that have traffic, beside their controls' },
  {
    name: 'map',
    operand: '[TRACE]',
    help: 'shows the calls between services by lane, and lost or foreign dyes; or one trace, hop by hop',
  },
  { name: 'clients', help: 'shows the connected clients, each with the revision that it has confirmed' },
  {
    name: 'environments',
    operand: '[create NAME | remove NAME]',
    help: 'lists the environments of a server; creates an empty one, or removes one with its flags',
  },
  {
    name: 'set',
    operand: 'FLAG CHANGE...',
    help: 'replaces members of a flag (defaultVariant=on), or writes the whole flag from a file (@FILE)',
  },
  {
    name: 'preview',
    operand: 'FILE',
    help: 'shows what an import of a flags file would change, and for which evaluation contexts',
  },
  {
    name: 'diff',
    operand: 'REVISION [REVISION]',
    help: 'shows what a revision changed, or how the second revision differs from the first',
  },
  { name: 'undo', operand: 'REVISION', help: 'takes a revision back; later changes of other parts stay' },
  {
    name: 'rollout',
    operand:
      'start FILE | list | status ID | watch ID | pause ID | resume ID | promote ID | rollback ID | finish ID',
    help: 'moves a lane step by step, guarded by its evidence; FILE is the request as JSON, or - for standard input',
  },
  {
    name: 'kill',
    operand: '[LANE]',
    help: 'switches a lane or a flag (--flag) off for all clients and waits for them; --lift ends that; lists without either',
  },
  {
    name: 'token',
    operand: 'create NAME | list | revoke ID | rotate ID',
    help: 'makes, lists, revokes or replaces tokens of a server, or of its folder or file',
  },
];

/** One setting: an option of the command line, and mostly a variable of the environment. */
export interface Option {
  readonly name: string;
  readonly type: SettingType;
  /** The option takes precedence over its variable. */
  readonly env?: string;
  /** The value, as help shows it; a switch has no value. */
  readonly value?: string;
  /** The default, as help shows it. */
  readonly default?: string;
  readonly commands: readonly CommandName[];
  readonly help: string;
}

const remote: readonly CommandName[] = [
  'export',
  'import',
  'history',
  'explain',
  'usage',
  'lanes',
  'map',
  'clients',
  'set',
  'preview',
  'diff',
  'undo',
  'rollout',
  'kill',
];
const withServer: readonly CommandName[] = [...remote, 'audit', 'environments', 'token'];

/** Every setting. Parsing, messages, `--help` and docs/settings.md are made from this table. */
export const options: readonly Option[] = [
  {
    name: 'data',
    type: 'path',
    env: 'GRAYLANE_DATA',
    value: 'DIR',
    commands: ['serve', 'token', 'export', 'import'],
    help: 'a folder of environments with their history; created if it does not exist',
  },
  {
    name: 'database',
    type: 'database',
    env: 'DATABASE_URL',
    value: 'URL',
    commands: ['serve', 'token', 'export', 'import', 'verify'],
    help: 'a PostgreSQL with environments and their history, which any number of servers share',
  },
  {
    name: 'database-direct',
    type: 'database',
    env: 'DATABASE_DIRECT_URL',
    value: 'URL',
    default: 'that of --database',
    commands: ['serve', 'token', 'export', 'import', 'verify'],
    help: 'the PostgreSQL itself, where --database leads to a pooler, e.g. PgBouncer',
  },
  {
    name: 'upstream',
    type: 'url',
    env: 'GRAYLANE_UPSTREAM',
    value: 'URL',
    commands: ['serve'],
    help: 'another flag server, which this one follows as a relay; it refuses writes',
  },
  {
    name: 'upstream-token',
    type: 'text',
    env: 'GRAYLANE_UPSTREAM_TOKEN',
    value: 'TOKEN',
    default: 'none',
    commands: ['serve'],
    help: 'the token for the upstream server, with the scope definitions; prefer the variable',
  },
  {
    name: 'upstream-ca',
    type: 'path',
    env: 'GRAYLANE_UPSTREAM_CA',
    value: 'FILE',
    default: 'those that Node trusts',
    commands: ['serve'],
    help: "the certificates of the upstream server's authorities, in PEM",
  },
  {
    name: 'upstream-environment',
    type: 'list',
    env: 'GRAYLANE_UPSTREAM_ENVIRONMENT',
    value: 'NAME',
    default: 'default',
    commands: ['serve'],
    help: 'an environment of the upstream server to follow; repeatable',
  },
  {
    name: 'cache',
    type: 'path',
    env: 'GRAYLANE_CACHE',
    value: 'DIR',
    default: 'none',
    commands: ['serve'],
    help: 'a folder of its own: the last rules of the upstream server, and kills not written yet',
  },
  {
    name: 'flags',
    type: 'flags',
    env: 'GRAYLANE_FLAGS',
    value: 'FILE',
    commands: ['serve', 'explain'],
    help: "a flags file in flagd's format, or its https: address, without a history; repeatable, the last wins",
  },
  {
    name: 'flags-interval',
    type: 'interval',
    env: 'GRAYLANE_FLAGS_INTERVAL',
    value: 'SECONDS',
    default: '30',
    commands: ['serve'],
    help: 'how often the address of --flags is read',
  },
  {
    name: 'flags-copy',
    type: 'path',
    env: 'GRAYLANE_FLAGS_COPY',
    value: 'FILE',
    default: 'none',
    commands: ['serve'],
    help: 'where the last good document of an address is kept, for a start while it does not respond',
  },
  {
    name: 'flags-token',
    type: 'text',
    env: 'GRAYLANE_FLAGS_TOKEN',
    value: 'TOKEN',
    default: 'none',
    commands: ['serve'],
    help: 'the bearer token for the address of --flags; prefer the variable, which other users do not see',
  },
  {
    name: 'tokens',
    type: 'path',
    env: 'GRAYLANE_TOKENS',
    value: 'FILE',
    default: 'tokens.json in the data folder',
    commands: ['serve', 'token'],
    help: 'the file of tokens, with their hashes, made by the command token; followed as it changes',
  },
  {
    name: 'webhooks',
    type: 'path',
    env: 'GRAYLANE_WEBHOOKS',
    value: 'FILE',
    default: 'none',
    commands: ['serve'],
    help: 'a JSON file with the webhooks that are notified of revisions, faults, refusals and rollouts',
  },
  {
    name: 'prometheus',
    type: 'prometheus',
    env: 'GRAYLANE_PROMETHEUS',
    value: 'URL',
    default: 'none',
    commands: ['serve'],
    help: 'a Prometheus that rollouts may read; if it needs a user and password, use the variable; repeatable',
  },
  {
    name: 'oidc-issuer',
    type: 'url',
    env: 'GRAYLANE_OIDC_ISSUER',
    value: 'URL',
    default: 'none',
    commands: ['serve'],
    help: 'the identity provider where people sign in to the console by OpenID Connect',
  },
  {
    name: 'oidc-client-id',
    type: 'text',
    env: 'GRAYLANE_OIDC_CLIENT_ID',
    value: 'ID',
    default: 'none',
    commands: ['serve'],
    help: 'the name of this server at the identity provider',
  },
  {
    name: 'oidc-client-secret',
    type: 'text',
    env: 'GRAYLANE_OIDC_CLIENT_SECRET',
    value: 'SECRET',
    default: 'none',
    commands: ['serve'],
    help: 'its secret there, which also seals sessions; prefer the variable, which other users do not see',
  },
  {
    name: 'oidc-roles-claim',
    type: 'text',
    env: 'GRAYLANE_OIDC_ROLES_CLAIM',
    value: 'NAME',
    default: 'roles',
    commands: ['serve'],
    help: 'the claim with roles: graylane-write and the like, or graylane-write:ENVIRONMENT',
  },
  {
    name: 'public-url',
    type: 'url',
    env: 'GRAYLANE_PUBLIC_URL',
    value: 'URL',
    default: 'as requested',
    commands: ['serve'],
    help: 'the address of the console in browsers, for the way back from the identity provider',
  },
  {
    name: 'read-only',
    type: 'switch',
    env: 'GRAYLANE_READ_ONLY',
    commands: ['serve'],
    help: 'refuses writes over the API; edits of the flags file are still taken over',
  },
  {
    name: 'host',
    type: 'host',
    env: 'GRAYLANE_HOST',
    value: 'ADDRESS',
    default: '127.0.0.1',
    commands: ['serve'],
    help: 'the address of all three ports; any but loopback needs a token, or --insecure',
  },
  {
    name: 'insecure',
    type: 'switch',
    env: 'GRAYLANE_INSECURE',
    commands: ['serve'],
    help: 'lets every machine that reaches the server read and write without a token, as long as none exists',
  },
  {
    name: 'tls-cert',
    type: 'path',
    env: 'GRAYLANE_TLS_CERT',
    value: 'FILE',
    default: 'no TLS',
    commands: ['serve'],
    help: 'the certificate of the HTTP and gRPC ports, in PEM, with intermediates; read again when it changes',
  },
  {
    name: 'tls-key',
    type: 'path',
    env: 'GRAYLANE_TLS_KEY',
    value: 'FILE',
    default: 'no TLS',
    commands: ['serve'],
    help: 'the private key of the certificate, in PEM',
  },
  {
    name: 'port',
    type: 'port',
    env: 'GRAYLANE_PORT',
    value: 'N',
    default: '8080',
    commands: ['serve'],
    help: 'OFREP, admin API and change stream',
  },
  {
    name: 'grpc-port',
    type: 'port',
    env: 'GRAYLANE_GRPC_PORT',
    value: 'N',
    default: '8015',
    commands: ['serve'],
    help: 'flagd by gRPC, gRPC-Web and Connect',
  },
  {
    name: 'management-port',
    type: 'port',
    env: 'GRAYLANE_MANAGEMENT_PORT',
    value: 'N',
    default: '9464',
    commands: ['serve'],
    help: 'health, readiness and metrics, and diagnostics for operators',
  },
  {
    name: 'log-level',
    type: 'level',
    env: 'GRAYLANE_LOG_LEVEL',
    value: 'LEVEL',
    default: 'info',
    commands: ['serve'],
    help: 'the least severe events that are logged',
  },
  {
    name: 'log-format',
    type: 'format',
    env: 'GRAYLANE_LOG_FORMAT',
    value: 'FORMAT',
    default: 'text on a terminal, otherwise json',
    commands: ['serve'],
    help: 'how events are logged on standard output, one line each',
  },
  {
    name: 'rate-limit',
    type: 'rate',
    env: 'GRAYLANE_RATE_LIMIT',
    value: 'N',
    default: 'no limit',
    commands: ['serve'],
    help: 'evaluation requests per second of one token or, without tokens, of one client address',
  },
  {
    name: 'trust-proxy',
    type: 'proxies',
    env: 'GRAYLANE_TRUST_PROXY',
    value: 'CIDR',
    default: 'none',
    commands: ['serve'],
    help: 'a proxy whose X-Forwarded-For names the client; repeatable',
  },
  {
    name: 'allow-host',
    type: 'list',
    env: 'GRAYLANE_ALLOW_HOST',
    value: 'NAME',
    default: 'none',
    commands: ['serve'],
    help: 'a host name of this server; default: any, on loopback only localhost; repeatable',
  },
  {
    name: 'allow-origin',
    type: 'origins',
    env: 'GRAYLANE_ALLOW_ORIGIN',
    value: 'ORIGIN',
    default: 'none',
    commands: ['serve'],
    help: 'a web origin whose pages may evaluate, e.g. https://*.example.com; repeatable',
  },
  {
    name: 'record-attributes',
    type: 'attributes',
    env: 'GRAYLANE_RECORD_ATTRIBUTES',
    value: 'NAME',
    default: 'none',
    commands: ['serve'],
    help: 'an attribute of evaluation contexts that is remembered for previews, e.g. tenant; repeatable',
  },
  {
    name: 'url',
    type: 'url',
    env: 'GRAYLANE_URL',
    value: 'URL',
    default: 'http://127.0.0.1:8080',
    commands: withServer,
    help: 'the running server',
  },
  {
    name: 'token',
    type: 'text',
    env: 'GRAYLANE_TOKEN',
    value: 'TOKEN',
    default: 'none',
    commands: withServer,
    help: 'the token for the server; other users of the machine may see options, so prefer the variable',
  },
  {
    name: 'environment',
    type: 'text',
    value: 'NAME',
    default: 'default; all for a token',
    commands: [...remote, 'audit', 'token'],
    help: 'the environment; of a new token, the only one that it is for',
  },
  {
    name: 'scope',
    type: 'scope',
    value: 'SCOPE',
    commands: ['token'],
    help: 'what the new token may do',
  },
  {
    name: 'expires',
    type: 'days',
    value: 'DAYS',
    default: 'never',
    commands: ['token'],
    help: 'how long the new token is valid',
  },
  {
    name: 'overlap',
    type: 'seconds',
    value: 'SECONDS',
    default: '300',
    commands: ['token'],
    help: 'how long a replaced token is still valid',
  },
  {
    name: 'reason',
    type: 'text',
    value: 'TEXT',
    default: 'import of FILE; undo REVISION; else none',
    commands: ['import', 'set', 'undo', 'rollout', 'kill', 'environments'],
    help: 'the reason for the change, kept in the history',
  },
  {
    name: 'flag',
    type: 'text',
    value: 'KEY',
    commands: ['kill'],
    help: 'the flag to switch off, in place of a lane',
  },
  {
    name: 'lift',
    type: 'switch',
    commands: ['kill'],
    help: 'ends the kill of the lane or flag: its definitions are in force again',
  },
  {
    name: 'wait',
    type: 'seconds',
    value: 'SECONDS',
    default: '30',
    commands: ['kill'],
    help: 'how long to wait for the clients to confirm, at most 60',
  },
  {
    name: 'context',
    type: 'context',
    value: 'JSON',
    default: '{}',
    commands: ['explain'],
    help: 'the evaluation context, or @FILE',
  },
  {
    name: 'contexts',
    type: 'path',
    value: 'FILE',
    default: 'none',
    commands: ['preview'],
    help: 'a JSON array of evaluation contexts, which are evaluated before and after the change',
  },
  {
    name: 'unused-days',
    type: 'days',
    value: 'DAYS',
    default: 'all flags',
    commands: ['usage'],
    help: 'only flags that were not evaluated in so many days',
  },
  {
    name: 'constant-days',
    type: 'days',
    value: 'DAYS',
    default: 'all flags',
    commands: ['usage'],
    help: 'only flags that had one variant in so many days',
  },
  {
    name: 'json',
    type: 'switch',
    commands: [
      'audit',
      'usage',
      'lanes',
      'map',
      'clients',
      'environments',
      'explain',
      'preview',
      'diff',
      'rollout',
    ],
    help: 'prints JSON instead of text',
  },
  {
    name: 'full',
    type: 'switch',
    commands: ['rollout'],
    help: 'promotes a rollout to the end instead of one step',
  },
  {
    name: 'all',
    type: 'switch',
    commands: ['export', 'import'],
    help: 'the whole store of --data or --database, as an archive: all environments, their history, tokens',
  },
  {
    name: 'head',
    type: 'text',
    value: 'HASH',
    default: 'none',
    commands: ['verify'],
    help: 'a hash that verify printed earlier and that must still exist',
  },
];

/** A command as messages name it. */
function titleOf(name: CommandName): string {
  return name === 'serve' ? 'serving' : name;
}

/**
 * The message about an option that a command does not have, or undefined. Ignored, such an option
 * would do harm: `import --data DIR` would write to the server at the default address.
 */
export function strayOption(command: CommandName, given: readonly string[]): string | undefined {
  const stray = options.find(
    ({ name, commands: owners }) => given.includes(name) && !owners.includes(command),
  );
  if (stray === undefined) return undefined;
  const remedy =
    remote.includes(command) && stray.commands.includes('serve')
      ? 'name a running server with --url'
      : `it is an option of ${stray.commands.map(titleOf).join(', ')}`;
  return `--${stray.name} is not an option of ${titleOf(command)}: ${remedy}`;
}
