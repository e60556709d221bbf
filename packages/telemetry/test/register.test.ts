import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeWith } from '../../../test/components/components.ts';
import { newest, newestScripts } from '../../../test/components/tools/newest.ts';

const here = fileURLToPath(new URL('instrumented', import.meta.url));
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The requests that the collector got, by path, and the headers of exporters. */
let received: { path: string; body: unknown }[] = [];
let called: IncomingMessage['headers'][] = [];
let collector: Server;
let collectorUrl = '';
const children: ChildProcess[] = [];

beforeEach(async () => {
  received = [];
  called = [];
  collector = createServer((request, response) => {
    if (request.url === '/callee') called.push(request.headers);
    if (request.method === 'POST') {
      void json(request).then((body) => received.push({ path: request.url ?? '', body }));
    }
    response.setHeader('content-type', 'application/json').end('{}');
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  collectorUrl = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
});

afterEach(() => {
  collector.close();
  collector.closeAllConnections();
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface App {
  readonly url: string;
  readonly child: ChildProcess;
  stderr(): string;
  stdout(): string;
}

async function start(
  env: Record<string, string>,
  {
    node = process.execPath,
    folder = here,
    args = ['--import', '@graylane/telemetry/register', 'app.js'],
  } = {},
): Promise<App> {
  const child = spawn(node, args, {
    cwd: folder,
    env: { ...process.env, GRAYLANE_MANAGEMENT_PORT: '0', OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  children.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()));
  await expect.poll(() => stdout, { timeout: 60_000 }).toMatch(/^\d+\n/);
  return {
    url: `http://127.0.0.1:${stdout.split('\n')[0]}`,
    child,
    stderr: () => stderr,
    stdout: () => stdout,
  };
}

function managementOf(app: App): string {
  return /management port (http:\/\/[\d.:]+)/.exec(app.stderr())?.[1] ?? '';
}

/** Prometheus has no unit in this name, and labels for attributes. */
async function scraped(app: App): Promise<Record<string, number>> {
  const text = await (await fetch(`${managementOf(app)}/metrics`)).text();
  const lines = text.matchAll(
    /^http_server_request_duration_count\{(?=.*http_route="([^"]*)")(?=.*lane="([^"]*)").*\} (\d+)$/gm,
  );
  return Object.fromEntries([...lines].map(([, route, lane, count]) => [`${route} ${lane}`, Number(count)]));
}

/** The state of a collector for cumulative histograms: the newest point of each series. */
function pushed(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { body } of received.filter(({ path }) => path === '/v1/metrics')) {
    for (const { metrics } of (body as Otlp).resourceMetrics?.flatMap(({ scopeMetrics }) => scopeMetrics) ??
      []) {
      for (const { histogram } of metrics.filter(({ name }) => name === 'http.server.request.duration')) {
        for (const { attributes, count } of histogram?.dataPoints ?? []) {
          counts[`${valueOf(attributes, 'http.route')} ${valueOf(attributes, 'lane')}`] = count;
        }
      }
    }
  }
  return counts;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

interface Otlp {
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly histogram?: {
          readonly dataPoints: readonly {
            readonly attributes: readonly Attribute[];
            readonly count: number;
          }[];
        };
      }[];
    }[];
  }[];
  readonly resourceSpans?: readonly {
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string;
        readonly kind: number;
        readonly attributes: readonly Attribute[];
      }[];
    }[];
  }[];
}

function valueOf(attributes: readonly Attribute[], name: string): string | undefined {
  return attributes.find(({ key }) => key === name)?.value.stringValue;
}

const environment = {
  GRAYLANE_LANES: 'gray',
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_METRICS_EXPORTER: 'otlp,prometheus',
  OTEL_METRIC_EXPORT_INTERVAL: '300',
  OTEL_BSP_SCHEDULE_DELAY: '100',
  OTEL_SERVICE_NAME: 'orders',
};

function suite(where: () => { readonly node?: string; readonly folder?: string }): void {
  test('shows the lane in spans and metrics; Prometheus and OTLP agree, and leave the management port out', async () => {
    const app = await start({ ...environment, CALLEE: `${collectorUrl}/callee` }, where());
    for (const lane of ['gray', 'gray', 'baseline', 'stranger']) {
      const headers = { baggage: `lane=${lane}` };
      expect(await (await fetch(`${app.url}/orders/7`, { headers })).json()).toEqual({ id: '7' });
    }
    const expected = { '/orders/:id gray': 2, '/orders/:id baseline': 1, '/orders/:id other': 1 };
    await expect.poll(async () => scraped(app)).toEqual(expected);
    await expect.poll(pushed).toEqual(expected);
    const spans = (): unknown[] =>
      received
        .flatMap(({ body }) => (body as Otlp).resourceSpans ?? [])
        .flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
        .filter(({ kind }) => kind === 2)
        .map(({ name, attributes }) => [name, valueOf(attributes, 'lane')]);
    await expect
      .poll(spans)
      .toEqual(['gray', 'gray', 'baseline', 'stranger'].map((lane) => ['GET /orders/:id', lane]));
  });

  test('a client that is not wrapped sends the trace, and no baggage', async () => {
    const app = await start({ ...environment, CALLEE: `${collectorUrl}/callee` }, where());
    await fetch(`${app.url}/orders/7`, { headers: { baggage: 'lane=gray' } });
    expect(called).toHaveLength(1);
    expect(called[0]).toHaveProperty('traceparent');
    expect(called[0]).not.toHaveProperty('baggage');
  });

  test('requests in flight show their route and lane', async () => {
    const app = await start(environment, where());
    const gone = new AbortController();
    const waiting = fetch(`${app.url}/slow/100`, { headers: { baggage: 'lane=gray' }, signal: gone.signal });
    await expect
      .poll(async () => (await fetch(`${managementOf(app)}/debug/requests`)).json())
      .toMatchObject({
        total: 1,
        requests: [{ protocol: 'http', method: 'GET', route: '/slow/:seconds', lane: 'gray' }],
      });
    gone.abort();
    await expect(waiting).rejects.toThrow('abort');
    await expect
      .poll(async () => (await fetch(`${managementOf(app)}/debug/requests`)).json())
      .toMatchObject({ total: 0 });
  });

  test('prints one line, and ends by SIGTERM as before, after what is left is exported', async () => {
    const app = await start({ ...environment, OTEL_BSP_SCHEDULE_DELAY: '60000' }, where());
    await fetch(`${app.url}/orders/7`);
    app.child.kill('SIGTERM');
    const [code, signal] = (await once(app.child, 'exit')) as [number | null, string | null];
    expect([code, signal]).toEqual([null, 'SIGTERM']);
    expect(received.map(({ path }) => path)).toContain('/v1/traces');
    const ours = app
      .stderr()
      .split('\n')
      .filter((line) => line.startsWith('graylane'));
    expect(ours).toHaveLength(1);
    expect(ours[0]).toMatch(
      /^graylane telemetry: traces otlp; metrics otlp\+prometheus; logs otlp; instrumented http, undici.*; management port http:\/\/127\.0\.0\.1:\d+; lanes baseline, gray/,
    );
    expect(app.stdout()).toMatch(/^\d+\n$/);
  });
}

describe('--import @graylane/telemetry/register, with OpenTelemetry 2.x', () => {
  suite(() => ({}));

  test.each([
    [
      { GRAYLANE_LANES: 'Not A Lane' },
      /could not start, and the application runs without it: TypeError: "Not A Lane" can't be/,
    ],
    [{ GRAYLANE_MANAGEMENT_PORT: 'x' }, /GRAYLANE_MANAGEMENT_PORT is "x": it must be a port/],
    [{ GRAYLANE_MANAGEMENT_TOKEN: 'short' }, /the management token has 5 characters and needs at least 16/],
    [{ OTEL_TRACES_EXPORTER: 'zipkon' }, /OTEL_TRACES_EXPORTER has "zipkon": use otlp, console or none/],
    [{ OTEL_PROPAGATORS: 'xray' }, /OTEL_PROPAGATORS has "xray"/],
  ])('with %j the application runs as if it were absent', async (env, line) => {
    const app = await start(env);
    expect((await fetch(`${app.url}/orders/7`)).status).toBe(200);
    expect(app.stderr()).toMatch(line);
  });

  test('runs without an SDK under OTEL_SDK_DISABLED, and without a port where it is off', async () => {
    const app = await start({ OTEL_SDK_DISABLED: 'true', GRAYLANE_MANAGEMENT_PORT: 'off' });
    expect((await fetch(`${app.url}/orders/7`)).status).toBe(200);
    expect(app.stderr()).toContain('no OpenTelemetry SDK (OTEL_SDK_DISABLED)');
    expect(app.stderr()).not.toContain('management port');
  });

  test('shows what is refused, once, unless OTEL_LOG_LEVEL or the application decides otherwise', async () => {
    const refused = async (app: App): Promise<string[]> => {
      for (let request = 0; request < 3; request += 1) {
        await fetch(`${app.url}/orders/7`, { headers: { baggage: 'lane=Not%20A%20Lane' } });
      }
      const lines = app.stderr().split('\n');
      return lines.filter((line) =>
        line.startsWith('graylane telemetry: warning: a request in lane "Not A Lane" runs in baseline'),
      );
    };
    expect(await refused(await start(environment))).toHaveLength(1);
    expect(await refused(await start({ ...environment, OTEL_LOG_LEVEL: 'none' }))).toEqual([]);
    const before = `data:text/javascript,${encodeURIComponent(
      `import { diag } from '${import.meta.resolve('@opentelemetry/api')}'; diag.setLogger({ error() {}, warn() {}, info() {}, debug() {}, verbose() {} });`,
    )}`;
    const args = ['--import', before, '--import', '@graylane/telemetry/register', 'app.js'];
    expect(await refused(await start(environment, { args }))).toEqual([]);
  });

  test('ends when the application ends', async () => {
    const app = await start(environment);
    app.child.send('close');
    expect((await once(app.child, 'exit'))[0]).toBe(0);
  });
});

describe('without the optional peers', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(`${tmpdir()}/graylane-register-`);
    for (const part of [
      'telemetry/dist',
      'telemetry/package.json',
      'telemetry/register.js',
      'baggage/dist',
      'baggage/package.json',
    ]) {
      cpSync(`${root}packages/${part}`, `${folder}/node_modules/@graylane/${part}`, { recursive: true });
    }
    for (const name of ['@opentelemetry/api', 'pprof-format']) {
      mkdirSync(dirname(`${folder}/node_modules/${name}`), { recursive: true });
      symlinkSync(`${root}node_modules/${name}`, `${folder}/node_modules/${name}`);
    }
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('it names them, and the management port is there', async () => {
    const program = 'console.log(7); setInterval(() => {}, 1000)';
    const args = ['--import', '@graylane/telemetry/register', '--eval', program];
    const app = await start({}, { folder, args });
    expect(app.stderr()).toContain('no OpenTelemetry SDK; management port http://127.0.0.1:');
    expect(app.stderr()).toContain('missing: npm install @opentelemetry/sdk-node');
    expect((await fetch(`${managementOf(app)}/healthz`)).status).toBe(200);
  });
});

await describeWith(newest, '--import @graylane/telemetry/register, with OpenTelemetry 3.x', () => {
  suite(() => newestScripts('packages/telemetry/test/instrumented'));
});
