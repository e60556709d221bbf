import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { readCommand } from '../../../apps/server/src/cli/read-command.ts';
import { Supervised } from '../supervised.ts';
import type { ShellCommand } from './shell.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const server = `${root}apps/server/bin/graylane-server.js`;
const slis = `${root}packages/slis/bin/graylane-slis.js`;

/** How the commands of a page are run. */
export interface Surroundings {
  /** The folder that they run in. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Parts of commands, e.g. a host, each with its replacement. */
  readonly replaced: ReadonlyArray<readonly [written: string, real: string]>;
  /** Stops the server that uses the data folder, since another one is to use it. */
  readonly freeData: () => Promise<void>;
}

/** Runs the commands of a page, one after the other; servers run until it is closed. */
export class CommandRunner {
  readonly #surroundings: Surroundings;
  readonly #env: Record<string, string>;
  readonly #servers: Supervised[] = [];
  #found: readonly (readonly [string, string])[] = [];

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    const ports = { GRAYLANE_PORT: '0', GRAYLANE_GRPC_PORT: '0', GRAYLANE_MANAGEMENT_PORT: '0' };
    this.#env = { ...ports, ...surroundings.env };
  }

  /** Returns its output. A command is repeated until servers have noticed a new token. */
  async run(command: ShellCommand): Promise<string> {
    let result = await this.#attempt(command);
    while (result.failed && result.output.includes('401')) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      result = await this.#attempt(command);
    }
    const { failed, output } = result;
    expect([command.words.join(' '), failed ? output : '']).toEqual([command.words.join(' '), '']);
    const token = /\bgl_[\w-]+/.exec(output)?.[0];
    if (token !== undefined) {
      this.#env['GRAYLANE_TOKEN'] ??= token;
      this.#found = [['gl_…', token], ...this.#found];
    }
    const [, rollout] = /^(\w+) +\w+ by the flag/.exec(output) ?? [];
    if (rollout !== undefined) this.#found = [['ID', rollout], ...this.#found];
    return output;
  }

  async close(): Promise<void> {
    for (const process of this.#servers) await process.close();
  }

  async #attempt(command: ShellCommand): Promise<{ failed: boolean; output: string }> {
    const words = command.words.map((word) => this.#real(word));
    const env = Object.fromEntries(
      Object.entries(command.env).map(([name, value]) => [name, this.#real(value)]),
    );
    if (words[0] === 'export') {
      for (const [name = '', value = ''] of words.slice(1).map((word) => word.split(/=(.*)/s)))
        this.#env[name] = value;
      return { failed: false, output: '' };
    }
    const [program, ...args] = programOf(words);
    const all = { ...process.env, ...this.#env, ...env };
    if (args[0] === server && runsOn(args.slice(1), all)) {
      if (args.includes('--data')) await this.#surroundings.freeData();
      return this.#start([...settings({ ...this.#env, ...env }), program, ...args]);
    }
    return new Promise((resolve) => {
      execFile(program, args, { cwd: this.#surroundings.folder, env: all }, (error, stdout, stderr) =>
        resolve({ failed: error !== null, output: `${stdout}${stderr}` || String(error) }),
      );
    });
  }

  async #start(args: readonly string[]): Promise<{ failed: boolean; output: string }> {
    const process = new Supervised('env', ['-C', this.#surroundings.folder, ...args]);
    this.#servers.push(process);
    try {
      const { input } = await process.said(/"msg":"serving .*|, step 1 of .*/);
      const [, http] = /http (\d+)/.exec(input) ?? [];
      this.#found = [...this.#found, ['localhost:8080', `127.0.0.1:${http}`]];
      return { failed: false, output: input };
    } catch (error) {
      return { failed: true, output: String(error) };
    }
  }

  #real(word: string): string {
    let real = word;
    for (const [written, value] of [...this.#surroundings.replaced, ...this.#found])
      real = real.replaceAll(written, value);
    return real.replaceAll(/\$(\w+)/g, (all, name: string) => this.#env[name] ?? all);
  }
}

/** The programs of this repository stand for those that npm would install. */
function programOf(words: readonly string[]): [string, ...string[]] {
  const [program = '', ...args] = words;
  if (program === 'graylane-server') return [process.execPath, server, ...args];
  if (program === 'npx' && args[0] === '@graylane/server')
    return [process.execPath, server, ...args.slice(1)];
  if (program === 'npx' && args[0] === '@graylane/slis') return [process.execPath, slis, ...args.slice(1)];
  return [program === 'node' ? process.execPath : program, ...args];
}

function runsOn(args: readonly string[], env: NodeJS.ProcessEnv): boolean {
  return readCommand(args, env).name === 'serve' || args[1] === 'watch';
}

function settings(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}
