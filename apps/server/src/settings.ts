import { parseArgs } from 'node:util';

/** What the command line and the environment ask for. */
export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | { readonly name: 'check'; readonly file: string }
  | ({ readonly name: 'serve' } & Settings);

/** How the server runs. Port 0 is a free one. */
export interface Settings {
  readonly flags: string;
  readonly port: number;
  readonly grpcPort: number;
  readonly managementPort: number;
  /** How many OFREP questions a second one client address may ask. Default: no limit. */
  readonly rateLimit?: number | undefined;
  /** Names beside those of loopback that the server goes by. Default: none. */
  readonly allowHosts?: readonly string[];
  /** Web origins whose pages may use the server. Default: none. */
  readonly allowOrigins?: readonly string[];
}

/** A command line that can't be followed; the message says what would be right. */
export class UsageError extends Error {}

/** Reads the command line; an option goes before its variable. */
export function readCommand(args: readonly string[], environment: NodeJS.ProcessEnv): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { name: 'help' };
  if (values.version) return { name: 'version' };
  const [command, file, ...more] = positionals;
  if (command === 'check') {
    if (file === undefined || more.length > 0)
      throw new UsageError('check takes one file: graylane-server check FILE');
    return { name: 'check', file };
  }
  if (command !== undefined) throw new UsageError(`there is no command "${command}"`);
  const flags = values.flags ?? environment['GRAYLANE_FLAGS'];
  if (!flags)
    throw new UsageError('no flags to serve: name a flags file with --flags FILE or GRAYLANE_FLAGS');
  return {
    name: 'serve',
    flags,
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
    allowOrigins: values['allow-origin'] ?? readList(environment['GRAYLANE_ALLOW_ORIGIN']),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        flags: { type: 'string' },
        port: { type: 'string' },
        'grpc-port': { type: 'string' },
        'management-port': { type: 'string' },
        'rate-limit': { type: 'string' },
        'allow-host': { type: 'string', multiple: true },
        'allow-origin': { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
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

/** A list in one variable: its items are separated by commas. */
function readList(text = ''): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
