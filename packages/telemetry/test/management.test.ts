import { afterEach, describe, expect, test } from 'vitest';
import {
  managementServer,
  MetricRegistry,
  processRegistry,
  reportConfiguration,
  type ManagementOptions,
  type ManagementServer,
} from '@graylane/telemetry/management';
import { describeWith } from '../../../test/components/components.ts';
import { prometheus, promtool } from '../../../test/components/services/prometheus.ts';
import { collectGarbage } from './support.ts';

const open: ManagementServer[] = [];
const quiet = { port: 0, crash: false, heapSampling: false } as const;

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(options: ManagementOptions = {}): Promise<string> {
  const server = managementServer({ ...quiet, ...options });
  open.push(server);
  return (await server.listening) ?? '';
}

describe('the management port', () => {
  test('shows event loop, garbage collection by kind, heap spaces and handles', async () => {
    const metrics = await (await fetch(`${await start()}/metrics`)).text();
    for (const series of [
      /^nodejs_eventloop_lag_p99_seconds \d/m,
      /^nodejs_eventloop_utilization_ratio \d/m,
      /^nodejs_gc_duration_seconds_count\{kind="minor"\} \d/m,
      /^nodejs_gc_duration_seconds_count\{kind="major"\} \d/m,
      /^nodejs_heap_space_size_used_bytes\{space="old"\} [1-9]/m,
      /^nodejs_active_handles\{type="\w+"\} \d/m,
      /^process_resident_memory_bytes [1-9]/m,
    ]) {
      expect(metrics).toMatch(series);
    }
  });

  test('counts every pause of the garbage collector once, whatever number of ports is open', async () => {
    const [one, other] = [await start(), await start()];
    const before = majors(await (await fetch(`${one}/metrics`)).text());
    collectGarbage(5);
    await expect
      .poll(async () => majors(await (await fetch(`${other}/metrics`)).text()))
      .toBeGreaterThanOrEqual(before + 5);
    expect(majors(await (await fetch(`${one}/metrics`)).text())).toBeLessThan(before + 20);
  });

  test('is healthy and ready where no check is given, and names a check that fails', async () => {
    const plain = await start();
    expect((await fetch(`${plain}/healthz`)).status).toBe(200);
    expect((await fetch(`${plain}/readyz`)).status).toBe(200);
    const url = await start({
      ready: {
        rules: () => true,
        database: () => 'no connection',
        cache: async () => Promise.reject(new Error('gone')),
      },
    });
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: 'failing',
      checks: { rules: 'ok', database: 'no connection', cache: 'gone' },
    });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  test('reports health in the form of the application, where that is a function', async () => {
    let ok = true;
    const url = await start({
      health: () => ({ ok: true, body: { status: 'degraded' } }),
      ready: () => ({ ok, body: { status: ok ? 'ready' : 'stopping' } }),
    });
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'degraded' });
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    ok = false;
    const response = await fetch(`${url}/readyz`);
    expect([response.status, await response.json()]).toEqual([503, { status: 'stopping' }]);
  });

  test('adds the metrics of a registry of its own, in both formats', async () => {
    const registry = new MetricRegistry();
    registry.counter('of_its_own_total', 'A counter of one server.')({ lane: 'gray' }).add(2);
    const url = await start({ registry });
    const other = await start();
    for (const accept of ['text/plain', 'application/openmetrics-text']) {
      const metrics = await (await fetch(`${url}/metrics`, { headers: { accept } })).text();
      expect(metrics).toContain('of_its_own_total{lane="gray"} 2\n');
      expect(metrics).toContain('nodejs_heap_size_used_bytes');
    }
    expect(await (await fetch(`${other}/metrics`)).text()).not.toContain('of_its_own_total');
  });

  test('reports a port in use to the application, if configured', async () => {
    const taken = Number(new URL(await start()).port);
    const errors: NodeJS.ErrnoException[] = [];
    const lines: string[] = [];
    const second = managementServer({
      ...quiet,
      port: taken,
      log: (line) => lines.push(line),
      onUnavailable: (error) => errors.push(error),
    });
    expect(await second.listening).toBeUndefined();
    expect([errors.map(({ code }) => code), lines]).toEqual([['EADDRINUSE'], []]);
    await second.close();
  });

  test('shows the revision and the age of each source of configuration, and counts reloads', async () => {
    const reporter = reportConfiguration('flags of the test');
    reporter.reloaded('17');
    reporter.reloaded('18');
    const url = await start({ revision: () => ({ build: 'abc' }) });
    expect(await (await fetch(`${url}/revision`)).json()).toMatchObject({
      build: 'abc',
      node: process.version,
      sources: [{ source: 'flags of the test', revision: '18', reloads: 2 }],
    });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('config_reload_total{source="flags of the test"} 2');
    expect(metrics).toMatch(/config_source_age_seconds\{source="flags of the test"\} \d/);
  });

  test('adds further sources of metrics, and goes on without one that fails', async () => {
    const url = await start({
      metrics: [
        () => '# TYPE mine gauge\nmine 7',
        () => {
          throw new Error('no exporter');
        },
      ],
    });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('\nmine 7\n# a source of metrics failed: "Error: no exporter"\n');
    expect(metrics).toContain('nodejs_heap_size_used_bytes');
  });

  test('serves OpenMetrics on request, with the names and the end that it requires', async () => {
    processRegistry().counter('opened_total', 'A counter of the test.')().add(3);
    const accept = 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5';
    const response = await fetch(`${await start()}/metrics`, { headers: { accept } });
    expect(response.headers.get('content-type')).toContain('application/openmetrics-text');
    const metrics = await response.text();
    expect(metrics).toMatch(/# TYPE opened counter\nopened_total 3\n/);
    expect(metrics.endsWith('# EOF\n')).toBe(true);
  });

  test('refuses an option that does not exist, and a token that can be guessed', () => {
    expect(() => managementServer({ ...quiet, prot: 1 } as ManagementOptions)).toThrow(
      'managementServer has no option "prot": its options are port, host',
    );
    expect(() => managementServer({ ...quiet, token: 'secret' })).toThrow('needs at least 16');
  });

  test('logs a port in use with the remedy, once, and lets the application run on', async () => {
    const taken = Number(new URL(await start()).port);
    const lines: string[] = [];
    const second = managementServer({ ...quiet, port: taken, log: (line) => lines.push(line) });
    expect(await second.listening).toBeUndefined();
    expect(lines).toEqual([
      `the management port 127.0.0.1:${taken} could not be opened: another process uses it. Set GRAYLANE_MANAGEMENT_PORT, e.g. to 9465. The application runs on without it`,
    ]);
    await second.close();
  });

  test('knows no other path and no other method', async () => {
    const url = await start();
    expect((await fetch(`${url}/admin`)).status).toBe(404);
    expect((await fetch(`${url}/__proto__`)).status).toBe(404);
    const posted = await fetch(`${url}/metrics`, { method: 'POST', body: 'x' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const head = await fetch(`${url}/debug/pprof/profile`, { method: 'HEAD' });
    expect(head.status).toBe(405);
  });
});

await describeWith(prometheus, 'what /metrics serves', () => {
  test('is what Prometheus reads', async () => {
    const metrics = await (await fetch(`${await start()}/metrics`)).text();
    // Its linter wants no colon, units, and so on; only what it can't parse is an error here.
    expect(promtool(['check', 'metrics'], metrics)).not.toMatch(/error|parse/i);
  });
});

function majors(metrics: string): number {
  return Number(/^nodejs_gc_duration_seconds_count\{kind="major"\} (\d+)/m.exec(metrics)?.[1]);
}
