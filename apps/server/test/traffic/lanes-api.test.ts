import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CallHistory } from '../../src/traffic/lanes/call-history.ts';
import { describeChange } from '../../src/traffic/lanes/describe-change.ts';
import { admin, type Answer } from '../support/admin.ts';
import { exporterTo, type Exporter, type Point } from '../support/otlp.ts';
import { runCommand } from '../support/run-command.ts';
import { serveFolder, type Served } from '../support/serve.ts';

const lane = {
  state: 'ENABLED',
  variants: { baseline: 'baseline', gray: 'gray', control: 'gray-control', 'team-a': 'team-a' },
  defaultVariant: 'baseline',
  targeting: {
    if: [
      { '==': [{ var: 'header' }, 'team-a'] },
      'team-a',
      { '==': [{ var: 'region' }, 'cn-shenzhen'] },
      {
        fractional: [
          ['gray', 5],
          ['baseline', 90],
          ['control', 5],
        ],
      },
    ],
  },
};

let served: Served;
let call: ReturnType<typeof admin>;
let send: Exporter;
beforeEach(async () => {
  served = await serveFolder({ flags: { lane } });
  call = admin(served.url);
  send = exporterTo(served.url);
});
afterEach(async () => served.close());

const duration = 'http.server.request.duration';

function requests(name: string, counts: readonly number[], status = 200, more: Partial<Point> = {}): Point {
  const attributes = { lane: name, 'http.response.status_code': status };
  return { name: duration, attributes, bounds: [0.1, 0.2], counts, ...more };
}

async function lanes(): Promise<Record<string, Answer['body']>> {
  const { status, body } = await call('GET', 'lanes');
  expect(status).toBe(200);
  return Object.fromEntries((body['lanes'] as Answer['body'][]).map((one) => [one['lane'], one]));
}

describe('the lanes', () => {
  test('are those of dye rules, with their rules in words, before there is any traffic', async () => {
    const found = await lanes();
    expect(Object.keys(found)).toEqual(['baseline', 'gray', 'gray-control', 'team-a']);
    expect(found['gray']).toMatchObject({
      isControl: false,
      killed: false,
      share: null,
      requests: 0,
      errors: { count: 0, ratio: null, low: 0, high: 1 },
      latency: null,
      services: [],
      beside: null,
      rollout: null,
      rules: [{ flag: 'lane', condition: 'region == "cn-shenzhen"', percent: 5 }],
    });
    expect(found['team-a']?.['rules']).toEqual([
      { flag: 'lane', condition: 'header == "team-a"', percent: null },
    ]);
    expect(found['baseline']?.['rules']).toEqual([
      { flag: 'lane', condition: 'region == "cn-shenzhen"', percent: 90 },
      { flag: 'lane', condition: null, percent: null, isDefault: true },
    ]);
  });

  test('have their share, errors and latency beside the control, by service', async () => {
    await send.metrics('gateway', [
      requests('gray', [10, 8, 0]),
      requests('gray', [0, 0, 2], 503),
      requests('gray-control', [15, 5, 0]),
      requests('baseline', [340, 0, 20]),
    ]);
    await send.metrics('payments', [
      {
        name: 'rpc.server.call.duration',
        attributes: { lane: 'gray', 'error.type': 'INTERNAL' },
        bounds: [0.1, 0.2],
        counts: [0, 1, 0],
      },
      // Calls of a client are not requests of the lane.
      { ...requests('gray', [99, 0, 0]), name: 'http.client.request.duration' },
    ]);
    const { gray } = await lanes();
    expect(gray).toMatchObject({
      requests: 21,
      share: expect.closeTo(21 / 401, 6),
      errors: { count: 3, ratio: expect.closeTo(1 / 7, 6) },
      latency: { p50: { from: 0.1, to: 0.2 }, p95: { from: 0.2, to: null } },
      beside: { lane: 'gray-control', requests: 20, errors: { count: 0 } },
      services: [
        { service: 'gateway', requests: 20, errors: { count: 2 }, latency: { p50: { from: 0, to: 0.1 } } },
        { service: 'payments', requests: 1, errors: { count: 1 } },
      ],
    });
    // Wilson's interval of 3 in 21.
    expect(gray?.['errors']).toMatchObject({
      low: expect.closeTo(0.0498, 3),
      high: expect.closeTo(0.3464, 3),
    });
  });

  test('count cumulative series since they are known, and again after a restart', async () => {
    const startMs = Date.now() - 3_600_000;
    const at = (counts: readonly number[], timeMs: number, more: Partial<Point> = {}): Point =>
      requests('gray', counts, 200, { cumulative: true, startMs, timeMs, ...more });
    const now = Date.now();
    await send.metrics('gateway', [at([100, 0, 0], now)]);
    expect((await lanes())['gray']).toMatchObject({ requests: 0 });
    await send.metrics('gateway', [at([107, 0, 0], now + 1000)]);
    expect((await lanes())['gray']).toMatchObject({ requests: 7 });
    await send.metrics('gateway', [at([2, 0, 0], now + 2000, { startMs: now + 1500 })]);
    expect((await lanes())['gray']).toMatchObject({ requests: 9 });
  });

  test('show events of baggage, and lanes that no dye rule has', async () => {
    const event = (name: string, value: number): Point => ({
      name: 'graylane.baggage.members',
      attributes: { event: name },
      value,
    });
    await send.metrics('gateway', [event('forged', 3), event('stripped', 40), requests('other', [1, 0, 0])]);
    const { body } = await call('GET', 'lanes');
    expect(body).toMatchObject({
      windowSeconds: 300,
      requests: 1,
      events: [{ service: 'gateway', event: 'forged', count: 3, last5Minutes: 3 }],
    });
    expect((await lanes())['other']).toMatchObject({ requests: 1, rules: [] });
  });

  test('are printed by graylane-server lanes', async () => {
    await send.metrics('gateway', [requests('gray', [10, 9, 0]), requests('gray', [0, 1, 0], 500)]);
    const { code, output } = await runCommand(served.url, ['lanes']);
    expect(output).toContain('20 requests in the last 300 s');
    expect(output).toMatch(/^gray +100\.0 % +20 +5\.0 % \(.*\) +100 to 200 ms +gateway$/m);
    expect(output).toContain('gray: if 5 % of region == "cn-shenzhen" (lane)\n');
    expect(code).toBe(0);
    const { output: json } = await runCommand(served.url, ['lanes', '--json']);
    expect(JSON.parse(json)).toMatchObject({ requests: 20 });
  });
});

test('recent contexts are recorded with the attributes that are named, and with no others', async () => {
  const plain = await call('GET', 'contexts');
  expect(plain.body).toEqual({ recorded: [], contexts: [] });
  const recording = await serveFolder(
    { flags: { lane } },
    { recordAttributes: ['tenant', 'user.plan', 'list', '__proto__.x'] },
  );
  try {
    const post = async (context: object): Promise<void> => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ context });
      await fetch(`${recording.url}/ofrep/v1/evaluate/flags/lane`, { method: 'POST', headers, body });
    };
    const acme = { tenant: 'acme', email: 'ada@example.com', user: { plan: 'pro', name: 'Ada' }, list: [1] };
    await post(acme);
    await post({ tenant: 'x'.repeat(500), user: 'none' });
    await post({ ...acme, targetingKey: 'ada' });
    const { body } = await admin(recording.url)('GET', 'contexts');
    expect(body).toEqual({
      recorded: ['tenant', 'user.plan', 'list', '__proto__.x'],
      contexts: [
        { context: { tenant: 'acme', user: { plan: 'pro' } }, count: 2, last: expect.any(String) },
        { context: { tenant: 'x'.repeat(200) }, count: 1, last: expect.any(String) },
      ],
    });
    for (let n = 0; n < 250; n += 1) await post({ tenant: n });
    const { contexts } = (await admin(recording.url)('GET', 'contexts')).body;
    expect(contexts).toHaveLength(200);
  } finally {
    await recording.close();
  }
});

describe('a change', () => {
  const slis = async (revision: unknown): Promise<Answer['body']> =>
    (await call('GET', `history/${String(revision)}/slis`)).body;

  test('has the requests of each lane before and after it, with intervals', async () => {
    await send.metrics('shop', [requests('gray', [90, 10, 0]), requests('gray', [0, 1, 0], 500)]);
    const { headers } = await call('PATCH', 'flags/lane', {
      body: { metadata: { team: 'shop' } },
      headers: { 'if-match': '*' },
    });
    const revision = headers.get('graylane-revision');
    expect(await slis(revision)).toMatchObject({
      revision,
      windowSeconds: 300,
      isComplete: false,
      missing: 'no service has reported requests since the change',
    });
    await send.metrics('shop', [requests('gray', [0, 0, 40]), requests('gray', [0, 0, 10], 500)]);
    await send.metrics('shop', [requests('baseline', [7, 0, 0])]);
    const body = await slis(revision);
    expect(body['missing']).toBeNull();
    expect(body['lanes']).toMatchObject([
      { lane: 'baseline', before: { requests: 0, latency: null }, after: { requests: 7 } },
      {
        lane: 'gray',
        before: { requests: 101, errors: { count: 1 }, latency: { p95: { from: 0.1, to: 0.2 } } },
        after: { requests: 50, errors: { count: 10, ratio: 0.2 }, latency: { p95: { from: 0.2, to: null } } },
      },
    ]);
    const { output } = await runCommand(served.url, ['diff', String(revision)]);
    expect(output).toMatch(/gray +101, 50 .*20\.0 %/);
    expect((await call('GET', 'history/1/slis')).status).toBe(404);
  });

  test('of yesterday has the reason why nothing is known of it', () => {
    const day = 86_400_000;
    const history = new CallHistory(10 * day);
    const none = { requests: 0, errors: 0, durations: undefined };
    const around = (at: number): unknown => describeChange(history, at, 13 * day);
    expect(around(9 * day)).toMatchObject({ lanes: [], missing: expect.stringContaining('started after') });
    history.add('gray', { ...none, requests: 3 }, 11 * day - 1);
    history.cut();
    history.add('gray', { ...none, requests: 4 }, 11 * day + 1);
    expect(around(11 * day)).toMatchObject({
      isComplete: true,
      missing: null,
      lanes: [{ before: { requests: 3 }, after: { requests: 4 } }],
    });
    history.add('gray', { ...none, requests: 5 }, 13 * day);
    expect(around(11 * day)).toMatchObject({ lanes: [], missing: expect.stringContaining('one day') });
  });
});

test('a report between a change and its cut counts before the change', () => {
  const history = new CallHistory(0);
  const calls = { requests: 1, errors: 0, durations: undefined };
  history.add('gray', calls, 1000);
  history.add('gray', calls, 2001);
  history.cut();
  history.add('gray', calls, 2002);
  expect(history.between(0, 2000).get('gray')).toMatchObject({ requests: 2 });
  expect(history.between(2000, 9000).get('gray')).toMatchObject({ requests: 1 });
});
