import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Component } from '../components.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = `${root}.graylane/next`;
const program = `${folder}/node_modules/next/dist/bin/next`;
const execute = promisify(execFile);

/** Next.js, with React. */
export const next: Component = {
  id: 'next',
  name: 'Next.js',
  remedy: 'run node test/components/install/next.js',
  available: () => existsSync(program),
};

/** Builds an application of these files there, beside our packages as they are built now. */
export async function buildNextApplication(files: Readonly<Record<string, string>>): Promise<void> {
  for (const name of readdirSync(folder)) {
    if (!['node_modules', 'package.json', 'package-lock.json'].includes(name))
      rmSync(`${folder}/${name}`, { recursive: true });
  }
  for (const name of ['flags', 'source', 'baggage', 'provider']) {
    for (const part of ['dist', 'package.json']) {
      cpSync(`${root}packages/${name}/${part}`, `${folder}/node_modules/@graylane/${name}/${part}`, {
        recursive: true,
      });
    }
  }
  // The lock file of this repository above would make it the application's root.
  const config = 'export default { turbopack: { root: import.meta.dirname } };';
  for (const [name, content] of Object.entries({ ...files, 'next.config.js': config })) {
    mkdirSync(dirname(`${folder}/${name}`), { recursive: true });
    writeFileSync(`${folder}/${name}`, content);
  }
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' as const };
  await execute(process.execPath, [program, 'build'], { cwd: folder, env });
}

/** The command that starts the application: by its own `server.js`, or by `next start`. */
export function nextCommand(by: 'server.js' | 'next start', env: Readonly<Record<string, string>>): string[] {
  const settings = Object.entries({ ...env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' });
  const args = by === 'server.js' ? [by] : [program, 'start', '--hostname', '127.0.0.1', '--port', '0'];
  return ['-C', folder, ...settings.map(([name, value]) => `${name}=${value}`), process.execPath, ...args];
}
