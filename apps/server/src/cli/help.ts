import { commands, options, type CommandName, type Option } from './options.ts';

const interfaces = `Interfaces (port 8080)
  POST /ofrep/v1/evaluate/flags[/KEY]                       OpenFeature Remote Evaluation Protocol
  GET  /ofrep/v1/events                                     server-sent events: when to evaluate again
  GET, PUT, PATCH, DELETE /api/v1/environments/default/flags/KEY
                                                            If-Match to change, If-None-Match: * to create
  GET  /api/v1/openapi.json                                 the whole admin API: segments, history, undo, preview
  GET  /api/v1/environments/default/stream                  server-sent events: a snapshot, then changes
  GET  /healthz, /readyz                                    health, with the mistake in a faulty edit

Interfaces on gRPC, gRPC-Web and Connect (port 8015; gRPC needs HTTP/2)
  flagd.sync.v1.FlagSyncService                             for flagd's in-process providers
  flagd.evaluation.v1.Service, flagd.evaluation.v2.Service  for flagd's providers in RPC mode

Example
  graylane-server --flags flags.json
  curl -s localhost:8080/ofrep/v1/evaluate/flags/lane -d '{"context":{"tenant":"internal"}}'
`;

const everywhere = [
  ['-h, --help', 'prints this help; after a command, its options'],
  ['-v, --version', 'the version'],
] as const;

const rule = 'An option takes precedence over its variable. Port 0 takes a free port.';

/** The output of `--help`, for all commands or for one. */
export function helpOf(command: CommandName | undefined): string {
  return command === undefined ? generalHelp() : commandHelp(command);
}

function generalHelp(): string {
  const title =
    "graylane-server: serves feature flags over OFREP, flagd's gRPC sync and evaluation, and a change stream.";
  const usage = [
    ['graylane-server --data DIR [options]', 'serves environments with their history, kept in a folder'],
    ['graylane-server --flags FILE [options]', 'serves one flags file'],
    ...commands
      .filter(({ name }) => name !== 'serve')
      .map(({ name, operand = '', help }) => [`graylane-server ${name} ${operand}`.trimEnd(), help]),
  ];
  const serving = optionLines(options.filter((option) => isOf(option, 'serve')));
  const tools = optionLines(options.filter((option) => !isOf(option, 'serve')));
  return [
    title,
    `Usage\n${columns(usage)}`,
    `Options of serving\n${columns(serving)}`,
    `Options of the other commands\n${columns([...tools, ...everywhere])}`,
    `${rule} The server listens on loopback unless --host names another address.`,
    interfaces,
  ].join('\n\n');
}

function commandHelp(command: CommandName): string {
  const { operand, help } = commands.find(({ name }) => name === command) ?? { help: '' };
  const own = optionLines(options.filter((option) => isOf(option, command)));
  const usage = ['graylane-server', command, operand, ...(own.length > 0 ? ['[options]'] : [])];
  const paragraphs = [
    `${usage.filter((word) => word !== undefined).join(' ')}\n  ${help}`,
    `Options\n${columns([...own, ...everywhere])}`,
    ...(own.length > 0 ? [rule] : []),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

function isOf({ commands: owners }: Option, command: CommandName): boolean {
  return owners.includes(command);
}

function optionLines(shown: readonly Option[]): ReadonlyArray<readonly string[]> {
  return shown.map(({ name, value, help, env, default: fallback }) => {
    const option = value === undefined ? `--${name}` : `--${name} ${value}`;
    const more = [...(fallback === undefined ? [] : [fallback]), ...(env === undefined ? [] : [env])];
    return [option, more.length > 0 ? `${help} (${more.join('; ')})` : help];
  });
}

function columns(rows: ReadonlyArray<readonly string[]>): string {
  const width = Math.max(...rows.map(([first = '']) => first.length));
  return rows.map(([first = '', second = '']) => `  ${first.padEnd(width)}  ${second}`).join('\n');
}
