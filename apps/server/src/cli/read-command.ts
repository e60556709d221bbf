import type { Target } from './commands/admin-client.ts';
import type { ArchiveOptions, StorePlace } from './commands/archive.ts';
import type { ExplainOptions } from './commands/explain.ts';
import type { ExportOptions } from './commands/export.ts';
import type { DiffOptions } from './commands/revisions/diff.ts';
import type { HistoryOptions } from './commands/revisions/history.ts';
import type { PreviewOptions } from './commands/revisions/preview.ts';
import type { UndoOptions } from './commands/revisions/undo.ts';
import type { ClientsOptions } from './commands/traffic/clients.ts';
import type { EnvironmentsOptions } from './commands/traffic/environments.ts';
import type { LanesOptions } from './commands/traffic/lanes.ts';
import type { MapOptions } from './commands/traffic/map.ts';
import type { UsageOptions } from './commands/traffic/usage.ts';
import type { SetOptions } from './commands/set.ts';
import type { ImportOptions } from './commands/import.ts';
import { readRolloutAction, type RolloutOptions } from './commands/rollouts/rollout.ts';
import type { KillOptions } from './commands/kill.ts';
import { commands, strayOption, type CommandName } from './options.ts';
import { GivenOptions, UsageError } from './read-options.ts';
import { isAddress } from './setting-types.ts';
import { readSettings, type ProcessSettings } from './settings.ts';
import { readToken, type TokenOptions } from './token-command.ts';
import type { AuditOptions } from './commands/traffic/audit.ts';
import type { VerifyOptions } from './commands/verify.ts';

/** A command with its settings, from the command line and the environment. */
export type Command =
  | { readonly name: 'help'; readonly of: CommandName | undefined }
  | { readonly name: 'version' }
  | { readonly name: 'check'; readonly file: string }
  | ({ readonly name: 'export' } & ExportOptions)
  | ({ readonly name: 'import' } & ImportOptions)
  | ({ readonly name: 'export-all' | 'import-all' } & ArchiveOptions)
  | ({ readonly name: 'history' } & HistoryOptions)
  | ({ readonly name: 'audit' } & AuditOptions)
  | ({ readonly name: 'explain' } & ExplainOptions)
  | ({ readonly name: 'usage' } & UsageOptions)
  | ({ readonly name: 'lanes' } & LanesOptions)
  | ({ readonly name: 'map' } & MapOptions)
  | ({ readonly name: 'clients' } & ClientsOptions)
  | ({ readonly name: 'environments' } & EnvironmentsOptions)
  | ({ readonly name: 'set' } & SetOptions)
  | ({ readonly name: 'preview' } & PreviewOptions)
  | ({ readonly name: 'diff' } & DiffOptions)
  | ({ readonly name: 'undo' } & UndoOptions)
  | ({ readonly name: 'verify' } & VerifyOptions)
  | { readonly name: 'rollout'; readonly options: RolloutOptions }
  | ({ readonly name: 'kill' } & KillOptions)
  | { readonly name: 'token'; readonly options: TokenOptions }
  | ({ readonly name: 'serve' } & ProcessSettings);

/**
 * Reads the command line; an option takes precedence over its variable.
 * @throws {UsageError}
 */
export function readCommand(args: readonly string[], environment: NodeJS.ProcessEnv): Command {
  const given = new GivenOptions(args, environment);
  const [command, ...operands] = given.positionals;
  if (given.version) return { name: 'version' };
  const name = command === undefined ? 'serve' : toolNamed(command);
  if (given.help) return { name: 'help', of: command === undefined ? undefined : name };
  const stray = strayOption(name, given.names);
  if (stray !== undefined) throw new UsageError(stray);
  return name === 'serve' ? { name, ...readSettings(given) } : readTool(name, operands, given);
}

type ToolName = Exclude<CommandName, 'serve'>;

function toolNamed(name: string): ToolName {
  const tools = commands.map((command) => command.name).filter((one) => one !== 'serve');
  const tool = tools.find((one) => one === name);
  if (tool !== undefined) return tool;
  throw new UsageError(`there is no command "${name}": use one of ${tools.join(', ')}, or none to serve`);
}

/** The commands that do one thing and end. */
function readTool(name: ToolName, operands: readonly string[], given: GivenOptions): Command {
  if (name === 'token') return { name, options: readToken(operands, given) };
  if (name === 'rollout') return { name, options: readRollout(operands, given) };
  if (name === 'environments') return { name, ...readEnvironments(operands, given) };
  requireOperands(name, operands);
  const [operand, ...more] = operands;
  const target = readTarget(given);
  const place = readPlace(name, given);
  switch (name) {
    case 'check':
      return { name, file: operand ?? '' };
    case 'export':
      if (place) return { name: 'export-all', place, file: operand };
      return { name, ...target, file: operand };
    case 'import':
      if (place) return { name: 'import-all', place, file: operand };
      return { name, ...target, file: operand ?? '', reason: given.text('reason') };
    case 'history':
      return { name, ...target, flag: operand };
    case 'audit':
      return { name, ...target, text: operand, json: given.switch('json') };
    case 'usage':
      return {
        name,
        ...target,
        flag: operand,
        unusedDays: given.number('unused-days'),
        constantDays: given.number('constant-days'),
        json: given.switch('json'),
      };
    case 'lanes':
      return { name, ...target, json: given.switch('json') };
    case 'map':
      return { name, ...target, trace: operand, json: given.switch('json') };
    case 'clients':
      return { name, ...target, json: given.switch('json') };
    case 'set':
      return { name, ...target, flag: operand ?? '', changes: more, reason: given.text('reason') };
    case 'preview':
      return {
        name,
        ...target,
        file: operand ?? '',
        contexts: given.text('contexts'),
        json: given.switch('json'),
      };
    case 'diff':
      return { name, ...target, revisions: operands, json: given.switch('json') };
    case 'undo':
      return { name, ...target, revision: operand ?? '', reason: given.text('reason') };
    case 'kill':
      return readKill(operand, target, given);
    case 'explain':
      return {
        name,
        flag: operand ?? '',
        context: given.text('context'),
        json: given.switch('json'),
        source: readFlagSource(given),
      };
    default:
      return { name, at: readVerified(operand, given), head: given.text('head') };
  }
}

/** The whole store of `export --all` and `import --all`; only options name it. */
function readPlace(name: ToolName, given: GivenOptions): StorePlace | undefined {
  if (name !== 'export' && name !== 'import') return undefined;
  const [one, ...others] = ['data', 'database', 'url', 'environment'].filter((option) => given.has(option));
  const isLocal = one === 'data' || one === 'database';
  if (!given.switch('all')) {
    if (!isLocal) return undefined;
    throw new UsageError(
      `--${one} is an option of ${name} --all: add it, or name a running server with --url`,
    );
  }
  if (!isLocal || others.length > 0)
    throw new UsageError(`${name} --all takes one whole store: name it with --data DIR or --database URL`);
  if (one === 'data') return { data: given.text('data') ?? '' };
  return { database: given.text('database') ?? '', directDatabase: given.text('database-direct') };
}

function readVerified(folder: string | undefined, given: GivenOptions): StorePlace {
  const isDatabase = given.has('database');
  if ((folder === undefined) !== isDatabase)
    throw new UsageError('verify takes one store: graylane-server verify DIR, or verify --database URL');
  return folder === undefined
    ? { database: given.text('database') ?? '', directDatabase: given.text('database-direct') }
    : { data: folder };
}

function readRollout(operands: readonly string[], given: GivenOptions): RolloutOptions {
  const action = readRolloutAction(operands);
  if (action === undefined) {
    throw new UsageError(
      'rollout takes one of: start FILE, list, and status, watch, pause, resume, promote, rollback or finish with an ID; e.g. graylane-server rollout start rollout.json',
    );
  }
  const [full, json] = [given.switch('full'), given.switch('json')];
  if (full && action.action !== 'promote') throw new UsageError('--full is an option of rollout promote');
  return { ...action, ...readTarget(given), reason: given.text('reason'), full, json };
}

function readEnvironments(
  [action, name, ...more]: readonly string[],
  given: GivenOptions,
): EnvironmentsOptions {
  const { url, token } = readTarget(given);
  const [reason, json] = [given.text('reason'), given.switch('json')];
  if (action === undefined) {
    if (reason !== undefined) throw new UsageError('--reason is an option of environments create and remove');
    return { url, token, json };
  }
  const isAction = action === 'create' || action === 'remove';
  if (isAction && name !== undefined && more.length === 0)
    return { url, token, json, reason, change: { action, name } };
  throw new UsageError(
    'environments takes create NAME, remove NAME or nothing; e.g. graylane-server environments create staging',
  );
}

function readKill(lane: string | undefined, target: Target, given: GivenOptions): Command {
  const [flag, lift] = [given.text('flag'), given.switch('lift')];
  if (lane !== undefined && flag !== undefined)
    throw new UsageError('kill takes a lane or --flag, not both: run it twice to kill both');
  if (lane === undefined && flag === undefined && lift)
    throw new UsageError('kill --lift takes a lane or --flag: graylane-server kill gray --lift');
  const options = { reason: given.text('reason'), waitS: given.number('wait'), lift };
  return { name: 'kill', ...target, ...options, lane, flag };
}

/** Requires as many operands as help shows; brackets make one optional, `...` repeats the last. */
function requireOperands(name: ToolName, operands: readonly string[]): void {
  const { operand = '' } = commands.find((command) => command.name === name) ?? {};
  const words = operand.split(' ').filter((word) => word !== '');
  const least = words.filter((word) => !word.startsWith('[')).length;
  const most = operand.endsWith('...') ? Number.POSITIVE_INFINITY : words.length;
  if (operands.length >= least && operands.length <= most) return;
  const count = operandCount(least, most, operand);
  throw new UsageError(
    `${name} takes ${count}, got ${operands.length}: graylane-server ${`${name} ${operand}`.trimEnd()}`,
  );
}

function operandCount(least: number, most: number, operand: string): string {
  if (most === Number.POSITIVE_INFINITY) return `at least ${least} operands`;
  if (most === 0) return 'no operands';
  if (most > 1) return `${least} or ${most} operands`;
  const noun = operand.replaceAll(/[[\]]/g, '').toLowerCase();
  return least === 0 ? `at most one ${noun}` : `one ${noun}`;
}

function readTarget(given: GivenOptions): Target {
  return {
    url: given.text('url') ?? 'http://127.0.0.1:8080',
    token: given.text('token'),
    environment: given.text('environment') ?? 'default',
  };
}

/**
 * A flags file, or an environment of a running server. An option takes precedence over variables,
 * that of the other source included.
 */
function readFlagSource(given: GivenOptions): ExplainOptions['source'] {
  const isRemote = given.has('url') || given.has('environment');
  if (given.has('flags') && isRemote)
    throw new UsageError(
      '--flags is given with --url or --environment: explain a flag of a file, or of a running server',
    );
  const remote = isRemote || (!given.has('flags') && given.text('url') !== undefined);
  const [file, ...more] = remote ? [] : given.list('flags');
  if (file === undefined) return readTarget(given);
  if (more.length === 0 && !isAddress(file)) return { file };
  throw new UsageError('explain takes one flags file with --flags, or a running server with --url');
}
