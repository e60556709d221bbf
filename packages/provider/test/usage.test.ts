import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { compileFlags, type FlagSet } from '@graylane/flags';
import { runInLane } from '@graylane/baggage';
import { getSyncClient, GraylaneProvider, type GraylaneProviderOptions } from '@graylane/provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inbox, type Inbox } from '../../../test/support/inbox.ts';
import { FlagUse } from '../src/usage/flag-use.ts';
import { serviceName } from '../../source/src/identity.ts';
import { UsageCounter } from '../src/usage/usage-counter.ts';

const onOff = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
const gray = { '==': [{ var: 'lane' }, 'gray'] };
const flags = {
  fees: { ...onOff, targeting: { if: [gray, 'on', { var: 'vip' }, 'on'] } },
  banner: { state: 'ENABLED', variants: { short: 'Hello' }, defaultVariant: 'short' },
  dead: { ...onOff, state: 'DISABLED' },
  sticky: { ...onOff, metadata: { pin: true }, targeting: { if: [gray, 'on'] } },
};

/** A flag server that keeps the reports. */
interface Reports {
  readonly url: string;
  readonly received: Inbox<Report>;
  /** What it responds with; 200 by default. */
  respond: (request: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<void>;
}

interface Report {
  readonly headers: IncomingMessage['headers'];
  readonly url: string | undefined;
  readonly resource: Record<string, unknown>;
  readonly rows: readonly Record<string, unknown>[];
}

async function collectReports(): Promise<Reports> {
  const received = inbox<Report>();
  const reports: Reports = {
    url: '',
    received,
    respond: (_request, response) => void response.end('{}'),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`event: snapshot\ndata: ${JSON.stringify({ revision: '7', document: { flags } })}\n\n`);
      return;
    }
    void json(request).then((body) => {
      received.put({ headers: request.headers, url: request.url, ...readReport(body) });
      reports.respond(request, response);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(reports, { url: `http://127.0.0.1:${port}` });
}

function readReport(body: unknown): Pick<Report, 'resource' | 'rows'> {
  const { resourceMetrics } = body as { resourceMetrics: [Resource] };
  const [{ resource, scopeMetrics }] = resourceMetrics;
  const [{ metrics }] = scopeMetrics;
  const [{ name, sum }] = metrics;
  expect([name, sum.aggregationTemporality, sum.isMonotonic]).toEqual(['graylane.flag.evaluations', 1, true]);
  const rows = sum.dataPoints.map(({ asInt, attributes }) => ({
    count: Number(asInt),
    ...recordOf(attributes),
  }));
  return { resource: recordOf(resource.attributes), rows };
}

interface Resource {
  readonly resource: { readonly attributes: readonly Pair[] };
  readonly scopeMetrics: [{ readonly metrics: [{ readonly name: string; readonly sum: Sum }] }];
}

interface Sum {
  readonly aggregationTemporality: number;
  readonly isMonotonic: boolean;
  readonly dataPoints: readonly { readonly asInt: string; readonly attributes: readonly Pair[] }[];
}

interface Pair {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

function recordOf(pairs: readonly Pair[]): Record<string, string> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value.stringValue]));
}

let server: Reports;
beforeEach(async () => {
  server = await collectReports();
});
afterEach(async () => {
  vi.useRealTimers();
  await OpenFeature.close();
  await server.close();
});

async function open(options: Partial<GraylaneProviderOptions> = {}): Promise<GraylaneProvider> {
  const provider = new GraylaneProvider({ source: { url: server.url }, ...options });
  await OpenFeature.setProviderAndWait(provider);
  return provider;
}

function row(flagKey: string, count: number, members: Record<string, unknown>): object {
  return expect.objectContaining({ count, 'feature_flag.key': flagKey, ...members });
}

const variant = 'feature_flag.result.variant';
const reason = 'feature_flag.result.reason';

test('what was evaluated is reported when the provider closes: by flag, variant, rule and lane', async () => {
  await open({
    source: { url: server.url, token: 'gl_1', environment: 'staging' },
    usage: { service: 'payments' },
  });
  const client = OpenFeature.getClient();
  const sync = getSyncClient();
  await runInLane('gray', async () => {
    await client.getBooleanValue('fees', false);
    for (let n = 0; n < 3; n += 1) sync.getBooleanValueSync('fees', false);
    expect(sync.getBooleanValueSync('sticky', false)).toBe(true);
    expect(sync.getBooleanDetailsSync('sticky', false).reason).toBe('CACHED');
    for (let n = 0; n < 2; n += 1) await client.getStringValue('banner', '');
  });
  sync.getBooleanValueSync('fees', false, { vip: true });
  sync.getBooleanValueSync('fees', false);
  await client.getStringValue('banner', '');
  sync.getBooleanValueSync('dead', true);
  sync.getBooleanValueSync('unknown', true);
  await OpenFeature.close();
  const [report] = await server.received.take(1);
  expect(report).toMatchObject({
    url: '/v1/metrics',
    headers: { authorization: 'Bearer gl_1', 'graylane-environment': 'staging' },
    resource: { 'service.name': 'payments', 'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/) },
  });
  const rule = expect.stringMatching(/^[0-9a-f]{8}$/) as string;
  expect(report?.rows).toEqual(
    expect.arrayContaining([
      row('fees', 4, {
        [variant]: 'on',
        [reason]: 'targeting_match',
        lane: 'gray',
        'graylane.rule.id': rule,
      }),
      row('fees', 1, { [variant]: 'on', lane: 'baseline', 'graylane.rule.id': rule }),
      row('fees', 1, { [variant]: 'off', [reason]: 'default', lane: 'baseline', 'graylane.rule.id': 'else' }),
      row('sticky', 1, { [variant]: 'on', [reason]: 'targeting_match' }),
      row('sticky', 1, { [variant]: 'on', [reason]: 'cached' }),
      // Neither rule can read the lane.
      row('banner', 2, { [variant]: 'short', [reason]: 'static', lane: 'gray' }),
      row('banner', 1, { [variant]: 'short', [reason]: 'static', lane: 'baseline' }),
      row('dead', 1, { [reason]: 'disabled', lane: 'baseline' }),
    ]),
  );
  expect(report?.rows).toHaveLength(8);
  const fees = report?.rows.filter((one) => one['feature_flag.key'] === 'fees') ?? [];
  expect(new Set(fees.map((one) => one['graylane.rule.id'])).size).toBe(3);
});

describe('reports', () => {
  test('are sent once a period, each with what is new, and none if nothing is', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await open({ usage: { periodSeconds: 60 } });
    const client = getSyncClient();
    client.getStringValueSync('banner', '');
    vi.advanceTimersByTime(61_000);
    await server.received.take(1);
    client.getStringValueSync('banner', '');
    client.getStringValueSync('banner', '');
    // The response to the first one may still be on its way.
    await expect
      .poll(() => {
        vi.advanceTimersByTime(60_000);
        return server.received.all.length;
      })
      .toBe(2);
    expect(server.received.all.map(({ rows }) => rows)).toEqual([
      [row('banner', 1, {})],
      [row('banner', 2, {})],
    ]);
    for (let n = 0; n < 5; n += 1) vi.advanceTimersByTime(60_000);
    await OpenFeature.close();
    expect(server.received.all).toHaveLength(2);
  });

  test('that the server refuses are sent again with the next one, after the time of Retry-After', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const responded = inbox<true>();
    server.respond = (_request, response) => {
      response.writeHead(429, { 'retry-after': '300' }).end();
      response.on('close', () => responded.put(true));
    };
    await open({ usage: { periodSeconds: 60 } });
    const client = getSyncClient();
    client.getStringValueSync('banner', '');
    vi.advanceTimersByTime(61_000);
    await responded.take(1);
    await new Promise((resolve) => setImmediate(resolve));
    client.getStringValueSync('banner', '');
    vi.advanceTimersByTime(200_000);
    server.respond = (_request, response) => void response.end('{}');
    await expect
      .poll(() => {
        vi.advanceTimersByTime(60_000);
        return server.received.all.length;
      })
      .toBe(2);
    expect(server.received.all[1]?.rows).toEqual([row('banner', 2, {})]);
  });

  test('can be switched off, and there are none without a flag server', async () => {
    await open({ usage: false });
    getSyncClient().getStringValueSync('banner', '');
    await OpenFeature.close();
    await open({ source: { flags: { flags } } });
    getSyncClient().getStringValueSync('banner', '');
    await OpenFeature.close();
    expect(server.received.all).toEqual([]);
  });

  test('a server that hangs holds up the end for two seconds at most', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const never: ServerResponse[] = [];
    server.respond = (_request, response) => void never.push(response);
    const provider = await open();
    getSyncClient().getStringValueSync('banner', '');
    vi.useRealTimers();
    await provider.onClose();
    expect(never).toHaveLength(1);
  });

  test('that are refused for good are logged once, and the application runs on', async () => {
    server.respond = (_request, response) => void response.writeHead(403).end();
    const warnings: string[] = [];
    const nothing = (): void => {};
    const logger = {
      error: nothing,
      warn: (line: string) => warnings.push(line),
      info: nothing,
      debug: nothing,
    };
    const provider = await open({ logger });
    for (let times = 0; times < 2; times += 1) {
      expect(getSyncClient().getStringValueSync('banner', '')).toBe('Hello');
      await provider.onClose();
      await provider.initialize();
    }
    expect(warnings).toEqual([
      `graylane: the flag server at ${server.url} responded with 403 to a report: usage is not reported`,
    ]);
  });

  test.each([
    ['true', true, '"usage" must be an object of options, or false'],
    ['a typo', { period: 1 }, 'usage has no option "period"'],
    ['a string', { periodSeconds: '1' }, '"periodSeconds" must be of the type positive number'],
  ])('%s is refused at construction', (_what, usage, message) => {
    expect(() => new GraylaneProvider({ source: { url: server.url }, usage: usage as never })).toThrow(
      message,
    );
  });
});

describe('counting', () => {
  const many = Object.fromEntries(Array.from({ length: 1500 }, (_, n) => [`flag-${n}`, onOff]));

  function count(counter: UsageCounter, set: FlagSet, lanes: readonly string[]): FlagUse[] {
    return [...set.keys()].map((key) => {
      const flag = set.get(key);
      if (flag === undefined) throw new Error(key);
      const use = new FlagUse(flag, true, counter.add);
      for (const lane of lanes) use.count({ variant: 'on', reason: 'STATIC', flagMetadata: {} }, lane);
      return use;
    });
  }

  test('comes in batches, keeps what was not received, and releases flags that are not evaluated', () => {
    const counter = new UsageCounter();
    const [use] = count(counter, compileFlags({ flags: many }), ['gray']);
    const first = counter.batch();
    expect([first.rows.length, first.isPart]).toEqual([1000, true]);
    expect(counter.batch().rows).toEqual(first.rows);
    first.received();
    const second = counter.batch();
    expect([second.rows.length, second.isPart]).toEqual([500, false]);
    second.received();
    expect(counter.batch().rows).toEqual([]);
    use?.count({ variant: 'on', reason: 'STATIC', flagMetadata: {} }, 'gray');
    expect(counter.batch().rows).toMatchObject([{ flagKey: 'flag-0', count: 1 }]);
  });

  test('counts evaluations that happen between a batch and its receipt in the next one', () => {
    const counter = new UsageCounter();
    const decision = { variant: 'on', reason: 'STATIC', flagMetadata: {} };
    const flag = compileFlags({ flags: { fees: onOff } }).get('fees');
    if (flag === undefined) throw new Error('fees');
    const use = new FlagUse(flag, false, counter.add);
    use.count(decision, 'baseline');
    const batch = counter.batch();
    use.count(decision, 'baseline');
    batch.received();
    expect(counter.batch().rows).toMatchObject([{ count: 1, lane: 'baseline' }]);
  });

  test('bounds the lanes of a flag: further ones are "other"', () => {
    const counter = new UsageCounter();
    const lanes = Array.from({ length: 60 }, (_, n) => `lane-${n}`);
    count(counter, compileFlags({ flags: { fees: onOff } }), lanes);
    const { rows } = counter.batch();
    expect(rows).toHaveLength(60);
    expect(new Set(rows.map(({ lane }) => lane)).size).toBe(51);
  });
});

test.each([
  [{ OTEL_SERVICE_NAME: 'a', OTEL_RESOURCE_ATTRIBUTES: 'service.name=b' }, 'a'],
  [{ OTEL_RESOURCE_ATTRIBUTES: 'x=1, service.name = b%20c ,y=2', npm_package_name: 'd' }, 'b c'],
  [{ OTEL_RESOURCE_ATTRIBUTES: 'service.name=%' }, '%'],
  [{ npm_package_name: 'd' }, 'd'],
  [{}, 'unknown_service'],
])('the service of %j is %s', (env, name) => {
  expect(serviceName(env)).toBe(name);
});
