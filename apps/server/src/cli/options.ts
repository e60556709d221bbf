/** Every option of the command line. */
export const options = {
  flags: { type: 'string' },
  data: { type: 'string' },
  'read-only': { type: 'boolean' },
  url: { type: 'string' },
  environment: { type: 'string' },
  reason: { type: 'string' },
  head: { type: 'string' },
  port: { type: 'string' },
  'grpc-port': { type: 'string' },
  'management-port': { type: 'string' },
  'rate-limit': { type: 'string' },
  'allow-host': { type: 'string', multiple: true },
  'allow-origin': { type: 'string', multiple: true },
  'trust-proxy': { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

type Option = Exclude<keyof typeof options, 'help' | 'version'>;

/** A command by its name; `serve` is what runs without one. */
export type CommandName = 'serve' | 'check' | 'export' | 'import' | 'history' | 'verify';

/** Which options each command has, beside --help and --version. */
const optionsOf: Readonly<Record<CommandName, readonly Option[]>> = {
  serve: [
    'flags',
    'data',
    'read-only',
    'port',
    'grpc-port',
    'management-port',
    'rate-limit',
    'allow-host',
    'allow-origin',
    'trust-proxy',
  ],
  check: [],
  export: ['url', 'environment'],
  import: ['url', 'environment', 'reason'],
  history: ['url', 'environment'],
  verify: ['head'],
};

/** The commands that are asked for by name. */
export const toolNames: readonly string[] = Object.keys(optionsOf).filter((name) => name !== 'serve');

/**
 * What is wrong with options that a command does not have, or undefined. Ignored, an option would do harm: `import --data DIR` would
 * write to whatever server answers at the default address.
 */
export function strayOption(command: CommandName, given: readonly string[]): string | undefined {
  const has = (name: CommandName, option: string): boolean => optionsOf[name].some((one) => one === option);
  const stray = given.find((option) => !has(command, option));
  if (stray === undefined) return undefined;
  const owners = (Object.keys(optionsOf) as CommandName[]).filter((name) => has(name, stray));
  const remedy =
    has(command, 'url') && has('serve', stray)
      ? 'name a running server with --url'
      : `it goes with ${owners.map(title).join(', ')}`;
  return `--${stray} is not an option of ${title(command)}: ${remedy}`;
}

function title(name: CommandName): string {
  return name === 'serve' ? 'serving' : name;
}
