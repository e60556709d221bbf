import { text } from 'node:stream/consumers';
import type { components } from '../../../protocols/admin/gen/admin-api.ts';
import { CommandError, refusal, requestAdmin, type AdminResponse, type Target } from '../admin-client.ts';
import { readJsonFile } from '../json-file.ts';
import { statusLines, summaryLine, type Rollout } from './status-lines.ts';
import { watchRollout } from './watch.ts';

/** An action of `graylane-server rollout`. */
export type RolloutAction =
  | { readonly action: 'start'; readonly file: string }
  | { readonly action: 'list' }
  | { readonly action: 'status' | 'watch' | Act; readonly id: string };

type Act = (typeof acts)[number];

const acts = ['pause', 'resume', 'promote', 'rollback', 'finish'] as const;

/** The options of `graylane-server rollout`. */
export type RolloutOptions = RolloutAction &
  Target & {
    readonly reason?: string | undefined;
    /** Promote to the end. */
    readonly full: boolean;
    readonly json: boolean;
  };

/** Reads the operands; undefined if they are no action. */
export function readRolloutAction(operands: readonly string[]): RolloutAction | undefined {
  const [action, operand, ...more] = operands;
  if (more.length > 0) return undefined;
  if (action === 'list') return operand === undefined ? { action } : undefined;
  if (operand === undefined) return undefined;
  if (action === 'start') return { action, file: operand };
  const named = ['status', 'watch', ...acts].find((one) => one === action) as Act | undefined;
  return named && { action: named, id: operand };
}

/** Starts, shows, follows or moves rollouts of a server; returns the exit code. */
export async function rolloutCommand(options: RolloutOptions): Promise<number> {
  switch (options.action) {
    case 'start':
      show(await start(options, options.file), options);
      return 0;
    case 'list':
      await list(options);
      return 0;
    case 'status':
      show(await ask(options, pathOf(options.id)), options);
      return 0;
    case 'watch':
      return watchRollout(() => ask(options, pathOf(options.id)), process.stdout);
    default:
      show(await act(options, options.action, options.id), options);
      return 0;
  }
}

async function start(options: RolloutOptions, file: string): Promise<Rollout> {
  const body = file === '-' ? await text(process.stdin) : (await readJsonFile(file)).text;
  return read(
    await requestAdmin(options, '/rollouts', { method: 'POST', body, headers: headersOf(options) }),
    201,
  );
}

async function act(options: RolloutOptions, name: Act, id: string): Promise<Rollout> {
  const body = name === 'promote' && options.full ? { body: JSON.stringify({ full: true }) } : {};
  return read(
    await requestAdmin(options, `${pathOf(id)}/${name}`, {
      method: 'POST',
      headers: headersOf(options),
      ...body,
    }),
  );
}

async function list(options: RolloutOptions): Promise<void> {
  const response = await requestAdmin(options, '/rollouts');
  if (response.status !== 200) throw refusal(response);
  const { rollouts } = response.body as components['schemas']['Rollouts'];
  if (options.json) console.log(JSON.stringify(rollouts, null, 2));
  else console.log(rollouts.map(summaryLine).join('\n') || 'there are no rollouts');
}

async function ask(target: Target, path: string): Promise<Rollout> {
  return read(await requestAdmin(target, path));
}

function read(response: AdminResponse, expected = 200): Rollout {
  if (response.status !== expected) throw refusal(response);
  return response.body as Rollout;
}

function show(rollout: Rollout, { json }: RolloutOptions): void {
  console.log(json ? JSON.stringify(rollout, null, 2) : statusLines(rollout, Date.now()).join('\n'));
}

function headersOf({ reason }: RolloutOptions): Record<string, string> {
  return reason === undefined ? {} : { 'graylane-reason': encodeURIComponent(reason) };
}

function pathOf(id: string): string {
  if (id === '')
    throw new CommandError('the id of the rollout is empty: graylane-server rollout list shows all');
  return `/rollouts/${encodeURIComponent(id)}`;
}
