import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The program `graylane-server`. */
export const bin = fileURLToPath(new URL('../../bin/graylane-server.js', import.meta.url));

/** Runs `graylane-server` to its end, with the URL of a running server in the environment. */
export async function runCommand(url: string, args: readonly string[]): Promise<CommandResult> {
  const child = spawn(process.execPath, [bin, ...args], { env: { ...process.env, GRAYLANE_URL: url } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

/** How a command ended, and all that it printed. */
export interface CommandResult {
  readonly code: number;
  readonly output: string;
}
