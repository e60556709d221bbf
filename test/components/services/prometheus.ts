import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { freePort } from '../../support/supervised.ts';
import type { Component } from '../components.ts';

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
  /** The values of an expression by their only label; empty while the server starts. */
  query(expression: string): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

/**
 * Starts Prometheus, which scrapes these targets (`host:port`), by default four times a second.
 * `history` are samples of the past that it begins with, in the format of OpenMetrics.
 */
export async function startPrometheus(
  job: string,
  targets: readonly string[],
  every = '250ms',
  history?: string,
): Promise<PrometheusServer> {
  const folder = mkdtempSync(`${tmpdir()}/graylane-prometheus-`);
  const list = targets.map((target) => `'${target}'`).join(', ');
  writeFileSync(
    `${folder}/prometheus.yml`,
    `scrape_configs: [{ job_name: ${job}, scrape_interval: ${every}, scrape_timeout: ${every}, static_configs: [{ targets: [${list}] }] }]`,
  );
  if (history !== undefined) {
    writeFileSync(`${folder}/history.txt`, history);
    const blocks = ['tsdb', 'create-blocks-from', 'openmetrics', `${folder}/history.txt`, `${folder}/data`];
    const { status, stderr } = spawnSync('promtool', blocks, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`promtool can't read the history: ${stderr}`);
  }
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
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    query: async (expression) => query(url, expression),
    close: async () => {
      const gone = once(server, 'exit');
      server.kill();
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function query(url: string, expression: string): Promise<Readonly<Record<string, number>>> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`).catch(() => {});
  if (response === undefined) return {};
  const { data } = (await response.json()) as {
    data?: { result: readonly { metric: Readonly<Record<string, string>>; value: [number, string] }[] };
  };
  return Object.fromEntries(
    (data?.result ?? []).map(({ metric, value }) => [Object.values(metric).join(), Number(value[1])]),
  );
}
