import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Component } from '../components.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = `${root}.graylane/consumers`;
const execute = promisify(execFile);

/** The compilers, test runners and bundlers that users have. */
export const consumers: Component = {
  id: 'consumers',
  name: 'compilers, test runners and bundlers of several versions',
  remedy: 'run node test/components/install/consumers.js',
  available: () => existsSync(`${folder}/jest30/node_modules`),
};

/** A file of the installed tools, e.g. `node_modules/esbuild/bin/esbuild`. */
export function toolPath(path: string): string {
  return `${folder}/${path}`;
}

/**
 * What `npm pack` makes of each library, by package name; unpacked where the projects below find
 * it.
 */
export async function installTarballs(): Promise<ReadonlyMap<string, Tarball>> {
  const scope = `${folder}/node_modules/@graylane`;
  rmSync(scope, { recursive: true, force: true });
  const contents = new Map<string, Tarball>();
  for (const name of readdirSync(`${root}packages`)) {
    const packing = ['pack', '--json', '--pack-destination', folder];
    const { stdout } = await execute('npm', packing, { cwd: `${root}packages/${name}` });
    const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [Packed];
    mkdirSync(`${scope}/${name}`, { recursive: true });
    const tarball = `${folder}/${packed.filename}`;
    await execute('tar', ['-xzf', tarball, '--strip-components=1', '-C', `${scope}/${name}`]);
    rmSync(tarball);
    contents.set(packed.name, { bytes: packed.size, files: packed.files.map(({ path }) => path) });
  }
  return contents;
}

/** The content of a package as npm publishes it. */
export interface Tarball {
  readonly bytes: number;
  readonly files: readonly string[];
}

interface Packed {
  readonly name: string;
  readonly size: number;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/**
 * A small project of a user, beside the installed tools or in one of their folders (`jest29/app`).
 */
export class Project {
  readonly path: string;

  constructor(name: string, files: Readonly<Record<string, string | object>>) {
    this.path = `${folder}/${name}`;
    rmSync(this.path, { recursive: true, force: true });
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(dirname(`${this.path}/${file}`), { recursive: true });
      const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
      writeFileSync(`${this.path}/${file}`, text);
    }
  }

  /**
   * Runs a program in the project, and returns what it prints; it throws with all output if the
   * program fails.
   */
  async run(program: string, ...args: readonly string[]): Promise<string> {
    const env = { ...process.env, NODE_OPTIONS: '', NODE_PATH: '', VITEST: '', NO_COLOR: '1' };
    try {
      const { stdout, stderr } = await execute(program, args, { cwd: this.path, env });
      return `${stdout}${stderr}`.trim();
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}\n${stderr}`, { cause: error });
    }
  }

  node(...args: readonly string[]): Promise<string> {
    return this.run(process.execPath, ...args);
  }

  read(file: string): string {
    return readFileSync(`${this.path}/${file}`, 'utf8');
  }
}
