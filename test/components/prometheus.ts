import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
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

/** A Prometheus server of its own. */
export interface PrometheusServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts Prometheus, which scrapes these targets (`host:port`) four times a second. */
export async function startPrometheus(job: string, targets: readonly string[]): Promise<PrometheusServer> {
  const folder = mkdtempSync(`${tmpdir()}/graylane-prometheus-`);
  const list = targets.map((target) => `'${target}'`).join(', ');
  writeFileSync(
    `${folder}/prometheus.yml`,
    `scrape_configs: [{ job_name: ${job}, scrape_interval: 250ms, scrape_timeout: 250ms, static_configs: [{ targets: [${list}] }] }]`,
  );
  const port = await freePort();
  const server = spawn(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
    ],
    { stdio: 'ignore' },
  );
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const gone = once(server, 'exit');
      server.kill();
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await once(probe.listen(0, '127.0.0.1'), 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
