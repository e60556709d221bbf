import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Component } from '../components.ts';

const program = fileURLToPath(new URL('../../../.graylane/sloth/sloth', import.meta.url));
const execute = promisify(execFile);

/** Sloth, which makes Prometheus rules of service level objectives. */
export const sloth: Component = {
  id: 'sloth',
  name: 'Sloth',
  remedy: 'install Go and run test/components/install/sloth.sh',
  available: () => existsSync(program),
};

/** The rules that Sloth makes of the objectives in a file. */
export async function slothRules(file: string): Promise<string> {
  const { stdout } = await execute(program, ['generate', '--no-log', '--input', file]);
  return stdout;
}
