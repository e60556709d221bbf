import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import type { Component } from '../components.ts';

/** The requirements of processes that may write in one folder alone. */
export const sandbox: Component = {
  id: 'sandbox',
  name: 'root with mount namespaces',
  remedy: 'run as root on Linux, with util-linux',
  available: () =>
    process.getuid?.() === 0 &&
    spawnSync('unshare', ['--mount', 'sh', '-c', 'mount -o remount,ro,bind / && command -v setpriv'])
      .status === 0,
};

/**
 * Starts a command as a container would: as the user 1000, without privileges, with no variables
 * but `env`, and with a read-only root except for one folder.
 */
export function startSandboxed(
  command: readonly string[],
  { cwd, writable, env }: { cwd: string; writable: string; env: Readonly<Record<string, string>> },
): ChildProcess {
  const script =
    'mount --bind "$1" "$1" && mount -o remount,ro,bind / && shift && exec setpriv --reuid=1000 --regid=1000 --clear-groups --no-new-privs "$@"';
  return spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', writable, ...command], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
