import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import type { Component } from '../components.ts';

const run = promisify(execFile);

/** Go's tool chain, for `go tool pprof`. */
export const go: Component = {
  id: 'go',
  name: 'Go',
  remedy: 'install Go, so that `go tool pprof` runs',
  available: () => spawnSync('go', ['version']).status === 0,
};

/** What `go tool pprof` prints of a profile at a URL or in a file. */
export async function goToolPprof(...args: string[]): Promise<string> {
  const { stdout } = await run('go', ['tool', 'pprof', ...args], {
    env: { ...process.env, PPROF_TMPDIR: '/nonexistent/pprof', NO_PROXY: '127.0.0.1' },
    timeout: 120_000,
  });
  return stdout;
}
