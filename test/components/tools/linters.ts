import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Component } from '../components.ts';

const venv = fileURLToPath(new URL('../../../.graylane/linters/bin/', import.meta.url));

/** The linters of Dockerfiles, Kubernetes manifests, compose files, systemd units and scripts. */
export const linters: Component = {
  id: 'linters',
  name: 'the linters of deploy/',
  remedy:
    'run test/components/install/linters.sh, and install docker-compose, shellcheck, yamllint, systemd and prometheus',
  available: () =>
    ['hadolint', 'kubernetes-validate'].every((name) => existsSync(`${venv}${name}`)) &&
    [
      ['docker-compose', 'version'],
      ['shellcheck', '--version'],
      ['yamllint', '--version'],
      ['systemd-analyze', '--version'],
      ['promtool', '--version'],
    ].every(([name = '', option = '']) => spawnSync(name, [option]).status === 0),
};

/** Runs a linter; returns its output, which is empty if it has no complaint. */
export function lint(name: string, ...args: readonly string[]): string {
  const program = existsSync(`${venv}${name}`) ? `${venv}${name}` : name;
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? '' : `${stdout ?? ''}${stderr ?? ''}` || String(error ?? `exit code ${status}`);
}
