import { spawnSync } from 'node:child_process';
import type { Component } from './components.ts';

/** Prometheus and its promtool. */
export const prometheus: Component = {
  id: 'prometheus',
  name: 'Prometheus',
  remedy: 'install prometheus, e.g. apt-get install prometheus',
  available: () => ['promtool', 'prometheus'].every((name) => spawnSync(name, ['--version']).status === 0),
};

/** What `promtool` says with this on its standard input; an empty text stands for no complaint. */
export function promtool(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return status === 0 ? stderr : `${stdout}${stderr}` || `exit code ${status}`;
}
