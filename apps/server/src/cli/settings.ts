import { parseArgs } from 'node:util';
import { options, strayOption, toolNames, type CommandName } from './options.ts';
import type { Target } from './admin-client.ts';
import type { ExportOptions } from './export.ts';
import type { HistoryOptions } from './history.ts';
import type { ImportOptions } from './import.ts';
import type { VerifyOptions } from './verify.ts';
import { clientAddress } from '../http/front-door/client-address.ts';
import { originPattern } from '../http/front-door/origin-pattern.ts';

/** What the command line and the environment ask for. */
export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | { readonly name: 'check'; readonly file: string }
  | ({ readonly name: 'export' } & ExportOptions)
  | ({ readonly name: 'import' } & ImportOptions)
  | ({ readonly name: 'history' } & HistoryOptions)
  | ({ readonly name: 'verify' } & VerifyOptions)
  | ({ readonly name: 'serve' } & Settings);

/** How the server runs. Port 0 is a free one. */
export interface Settings {
  /** One flags file, or a folder of environments with their history. */
  readonly flags?: string | undefined;
  readonly data?: string | undefined;
  /** Refuse every write over the API; edits by hand are still taken over. */
  readonly readOnly?: boolean;
  readonly port: number;
  readonly grpcPort: number;
  readonly managementPort: number;
  /** The evaluation requests per second of one client address, by OFREP and gRPC together. Default: no limit. */
  readonly rateLimit?: number | undefined;
  /** Names beside those of loopback that the server goes by. Default: none. */
  readonly allowHosts?: readonly string[];
  /** Web origins whose pages may use the server, with `*` for subdomains or the port. Default: none. */
  readonly allowOrigins?: readonly string[];
  /** Proxies (addresses and CIDR ranges) whose `X-Forwarded-For` names the client. Default: none. */
  readonly trustProxies?: readonly string[];
}

/** A command line that can't be followed; the message says what would be right. */
export class UsageError extends Error {}

/** Reads the command line; an option goes before its variable. */
export function readCommand(args: readonly string[], environment: NodeJS.ProcessEnv): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { name: 'help' };
  if (values.version) return { name: 'version' };
  const [command, ...operands] = positionals;
  if (command !== undefined && !toolNames.includes(command)) {
    const known = toolNames.join(', ');
    throw new UsageError(`there is no command "${command}": use one of ${known}, or none to serve`);
  }
  const name = (command ?? 'serve') as CommandName;
  const stray = strayOption(name, Object.keys(values));
  if (stray !== undefined) throw new UsageError(stray);
  if (name !== 'serve') return readTool(name, operands, values, environment);
  return {
    name: 'serve',
    ...readSource(values, environment),
    readOnly: values['read-only'] ?? readSwitch('GRAYLANE_READ_ONLY', environment),
    port: readPort('--port', values.port, 'GRAYLANE_PORT', environment, 8080),
    grpcPort: readPort('--grpc-port', values['grpc-port'], 'GRAYLANE_GRPC_PORT', environment, 8015),
    managementPort: readPort(
      '--management-port',
      values['management-port'],
      'GRAYLANE_MANAGEMENT_PORT',
      environment,
      9464,
    ),
    rateLimit: readRate(values['rate-limit'], environment),
    allowHosts: values['allow-host'] ?? readList(environment['GRAYLANE_ALLOW_HOST']),
    allowOrigins: readChecked(
      '--allow-origin',
      values['allow-origin'] ?? readList(environment['GRAYLANE_ALLOW_ORIGIN']),
      originPattern,
    ),
    trustProxies: readChecked(
      '--trust-proxy',
      values['trust-proxy'] ?? readList(environment['GRAYLANE_TRUST_PROXY']),
      (proxy) => clientAddress([proxy]),
    ),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options,
    });
  } catch (error) {
    const { message } = error as Error;
    // What Node says goes on about positional arguments, which help nobody here.
    const [, unknown] = /^Unknown option '(.*?)'/.exec(message) ?? [];
    throw new UsageError(unknown === undefined ? message : `there is no option ${unknown}`, { cause: error });
  }
}

/** The commands that do one thing and end. */
function readTool(
  command: Exclude<CommandName, 'serve'>,
  [operand, ...more]: readonly string[],
  values: Readonly<Partial<Record<'url' | 'environment' | 'reason' | 'head', string>>>,
  environment: NodeJS.ProcessEnv,
): Command {
  const target: Target = {
    url: readUrl(values.url ?? environment['GRAYLANE_URL'] ?? ''),
    environment: values.environment ?? 'default',
  };
  const one = (what: string): string => {
    if (operand !== undefined && more.length === 0) return operand;
    throw new UsageError(`${command} takes one ${what}: graylane-server ${command} ${what.toUpperCase()}`);
  };
  const atMostOne = (what: string): string | undefined => {
    if (more.length === 0) return operand;
    throw new UsageError(
      `${command} takes one ${what}, or none: graylane-server ${command} [${what.toUpperCase()}]`,
    );
  };
  switch (command) {
    case 'check':
      return { name: 'check', file: one('file') };
    case 'export':
      return { name: 'export', ...target, file: atMostOne('file') };
    case 'import':
      return { name: 'import', ...target, file: one('file'), reason: values.reason };
    case 'history':
      return { name: 'history', ...target, flag: atMostOne('flag') };
    default:
      return { name: command, folder: one('dir'), head: values.head };
  }
}

function readUrl(text: string): string {
  if (text === '') return 'http://127.0.0.1:8080';
  if (/^https?:/.test(text) && URL.canParse(text)) return text;
  throw new UsageError(`--url is "${text}": give it the address of a server, e.g. http://127.0.0.1:8080`);
}

/** An option goes before its variable, so the variable of the one does not disturb the option of the other. */
function readSource(
  { flags, data }: { readonly flags?: string | undefined; readonly data?: string | undefined },
  environment: NodeJS.ProcessEnv,
): Pick<Settings, 'flags' | 'data'> {
  const given = flags ?? data;
  const source =
    given === undefined
      ? { flags: environment['GRAYLANE_FLAGS'] || undefined, data: environment['GRAYLANE_DATA'] || undefined }
      : { flags, data };
  if (source.flags !== undefined && source.data !== undefined)
    throw new UsageError('--flags and --data are both given: serve one flags file, or one data folder');
  if (!source.flags && !source.data) {
    const remedy = 'name a flags file with --flags FILE (GRAYLANE_FLAGS), or a data folder with --data DIR';
    throw new UsageError(`no flags to serve: ${remedy} (GRAYLANE_DATA)`);
  }
  return source;
}

function readSwitch(variable: string, environment: NodeJS.ProcessEnv): boolean {
  const text = environment[variable] ?? '';
  if (['', '0', 'false'].includes(text)) return false;
  if (['1', 'true'].includes(text)) return true;
  throw new UsageError(`${variable} is "${text}": set it to "true" or "false"`);
}

function readPort(
  option: string,
  value: string | undefined,
  variable: string,
  environment: NodeJS.ProcessEnv,
  fallback: number,
): number {
  const text = value ?? environment[variable] ?? '';
  if (text === '') return fallback;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  const name = value === undefined ? variable : option;
  throw new UsageError(`${name} is "${text}": give it a port number from 0 to 65535 (0 takes a free one)`);
}

function readRate(value: string | undefined, environment: NodeJS.ProcessEnv): number | undefined {
  const text = value ?? environment['GRAYLANE_RATE_LIMIT'] ?? '';
  if (text === '') return undefined;
  if (Number(text) > 0 && Number.isFinite(Number(text))) return Number(text);
  const name = value === undefined ? 'GRAYLANE_RATE_LIMIT' : '--rate-limit';
  throw new UsageError(`${name} is "${text}": give it a number of requests a second, e.g. 100`);
}

/** A list whose items are checked by what will use them. */
function readChecked(
  option: string,
  items: readonly string[],
  use: (item: string) => unknown,
): readonly string[] {
  for (const item of items) {
    try {
      use(item);
    } catch (error) {
      throw new UsageError(`${option}: ${(error as Error).message}`, { cause: error });
    }
  }
  return items;
}

/** A list in one variable: its items are separated by commas. */
function readList(text = ''): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
