import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { compileFlags, rulesOf } from '@graylane/flags';
import { createServer, type RunningServer } from '@graylane/server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Service } from '../../src/protocols/flagd/gen/flagd/evaluation/v2/evaluation_pb.ts';
import { admin, type Answer } from '../support/admin.ts';
import { serveFolder } from '../support/serve.ts';
import { bearer, tokenIn } from '../support/with-tokens.ts';

const onOff = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
const gray = { '==': [{ var: 'lane' }, 'gray'] };
const fees = { ...onOff, targeting: { if: [gray, 'on', { var: 'vip' }, 'on'] } };

let folder: string;
let server: RunningServer;
let call: ReturnType<typeof admin>;
beforeEach(async () => {
  folder = mkdtempSync(`${tmpdir()}/graylane-usage-`);
  await start();
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

async function start(): Promise<void> {
  const settings = { source: { data: folder }, port: 0, grpcPort: 0, managementPort: 0 };
  server = await createServer(settings, { info: () => {}, warn: () => {} });
  call = admin(`http://127.0.0.1:${server.port}`);
}

async function put(key: string, flag: object): Promise<void> {
  const { status } = await call('PUT', `flags/${key}`, { body: flag, headers: { 'if-none-match': '*' } });
  expect(status).toBe(201);
}

/** A report as a provider sends it. */
async function report(service: string, rows: ReadonlyArray<Record<string, string | number>>): Promise<void> {
  const pairs = (record: Record<string, string | number>): object[] =>
    Object.entries(record).map(([key, stringValue]) => ({
      key,
      value: { stringValue: String(stringValue) },
    }));
  const dataPoints = rows.map(({ count = 1, ...attributes }) => ({
    timeUnixNano: `${Date.now()}000000`,
    asInt: String(count),
    attributes: pairs(attributes),
  }));
  const sum = { aggregationTemporality: 1, isMonotonic: true, dataPoints };
  const body = {
    resourceMetrics: [
      {
        resource: { attributes: pairs({ 'service.name': service }) },
        scopeMetrics: [{ metrics: [{ name: 'graylane.flag.evaluations', sum }] }],
      },
    ],
  };
  const response = await fetch(`http://127.0.0.1:${server.port}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect([response.status, await response.text()]).toEqual([200, '{}']);
}

const key = 'feature_flag.key';
const variant = 'feature_flag.result.variant';
const rule = 'graylane.rule.id';

function ruleId(flag: object, index: number): string {
  const compiled = compileFlags({ flags: { flag } }).get('flag');
  return (compiled && rulesOf(compiled)[index]?.id) ?? '';
}

async function usageOf(flag: string): Promise<Usage> {
  const { status, body } = await call('GET', `flags/${flag}/usage`);
  expect(status).toBe(200);
  return body as unknown as Usage;
}

interface Usage {
  readonly lastEvaluated: string | null;
  readonly evaluations: number;
  readonly services: ReadonlyArray<{ readonly service: string }>;
  readonly variants: readonly Answer['body'][];
  readonly rules: readonly Answer['body'][];
}

describe('the usage of a flag', () => {
  test('counts what providers report: by service, variant, lane and rule', async () => {
    await put('fees', fees);
    expect(await usageOf('fees')).toMatchObject({ lastEvaluated: null, evaluations: 0, services: [] });
    await report('payments', [
      { [key]: 'fees', [variant]: 'on', [rule]: ruleId(fees, 0), lane: 'gray', count: 4 },
      { [key]: 'fees', [variant]: 'off', [rule]: 'else', lane: 'baseline', count: 7 },
      { [key]: 'no-such-flag', [variant]: 'on' },
    ]);
    await report('orders', [{ [key]: 'fees', [variant]: 'on', [rule]: ruleId(fees, 1), lane: 'gray' }]);
    const usage = await usageOf('fees');
    expect(usage).toMatchObject({
      flag: 'fees',
      evaluations: 12,
      lastEvaluated: expect.stringMatching(/^20.*Z$/),
      services: expect.arrayContaining([
        { service: 'payments', evaluations: 11, last5Minutes: 11, lastEvaluated: expect.any(String) },
        { service: 'orders', evaluations: 1, last5Minutes: 1, lastEvaluated: usage.lastEvaluated },
      ]),
      variants: [
        { variant: 'on', evaluations: 5, lanes: { gray: 5 } },
        { variant: 'off', evaluations: 7, lanes: { baseline: 7 } },
      ],
      rules: [
        { index: 0, condition: 'lane == "gray"', evaluations: 4 },
        { index: 1, condition: 'vip', evaluations: 1 },
        { index: 2, id: 'else', condition: null, evaluations: 7 },
      ],
    });
  });

  test('follows the conditions when branches move, and shows variants that were never used', async () => {
    await put('fees', fees);
    await report('payments', [{ [key]: 'fees', [variant]: 'on', [rule]: ruleId(fees, 0) }]);
    const targeting = { if: [{ var: 'beta' }, 'on', gray, 'on'] };
    const changed = { ...fees, variants: { ...fees.variants, blue: true }, targeting };
    const { headers } = await call('GET', 'flags/fees');
    const tag = headers.get('etag') ?? '';
    expect((await call('PUT', 'flags/fees', { body: changed, headers: { 'if-match': tag } })).status).toBe(
      200,
    );
    const { rules, variants } = await usageOf('fees');
    expect(rules.map(({ condition, evaluations }) => [condition, evaluations])).toEqual([
      ['beta', 0],
      ['lane == "gray"', 1],
      [null, 0],
    ]);
    expect(variants.map((one) => one['variant'])).toEqual(['on', 'off', 'blue']);
  });

  test('counts the evaluations of OFREP and gRPC', async () => {
    await put('fees', fees);
    await put('dead', { ...onOff, state: 'DISABLED' });
    const url = `http://127.0.0.1:${server.port}/ofrep/v1/evaluate/flags`;
    const post = async (path: string, context: object): Promise<void> => {
      const headers = { 'content-type': 'application/json' };
      await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify({ context }) });
    };
    for (let n = 0; n < 3; n += 1) await post('/fees', { lane: 'gray' });
    await post('', {});
    const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${server.grpcPort}` });
    await createClient(Service, transport).resolveBoolean({ flagKey: 'fees', context: { vip: true } });
    const usage = await usageOf('fees');
    expect(usage).toMatchObject({
      evaluations: 5,
      variants: [
        { variant: 'on', evaluations: 4, lanes: {} },
        { variant: 'off', evaluations: 1 },
      ],
      rules: [{ evaluations: 3 }, { evaluations: 1 }, { evaluations: 1 }],
    });
    expect(usage.services.map(({ service }) => service).toSorted()).toEqual(['(OFREP)', '(flagd)']);
    expect((await usageOf('dead')).variants).toContainEqual(
      expect.objectContaining({ variant: null, evaluations: 1 }),
    );
    await post('/fees', { lane: 'gray' });
    expect((await usageOf('fees')).evaluations).toBe(6);
  });

  test('survives a restart, and ends with the flag', async () => {
    await put('fees', fees);
    await put('gone', onOff);
    const row = { [variant]: 'on', lane: 'gray', [rule]: ruleId(fees, 0), count: 4 };
    await report('payments', [
      { [key]: 'fees', ...row },
      { [key]: 'gone', ...row },
    ]);
    const before = await usageOf('fees');
    const { headers } = await call('GET', 'flags/gone');
    await call('DELETE', 'flags/gone', { headers: { 'if-match': headers.get('etag') ?? '' } });
    await server.close();
    await start();
    const after = await usageOf('fees');
    const withoutRecent = (json: unknown): unknown =>
      JSON.parse(JSON.stringify(json).replaceAll(/"last5Minutes":\d+,?/g, ''));
    expect(withoutRecent(after)).toEqual(withoutRecent(before));
    await report('payments', [{ [key]: 'fees', ...row }]);
    expect((await usageOf('fees')).evaluations).toBe(8);
    await put('gone', onOff);
    expect((await usageOf('gone')).evaluations).toBe(0);
  });

  test('of a flag that does not exist is 404', async () => {
    expect((await call('GET', 'flags/nothing/usage')).status).toBe(404);
    expect((await call('GET', '/environments/nowhere/usage')).status).toBe(404);
  });
});

test('a token for one environment reports to that environment, and to no other', async () => {
  const file = `${folder}/other-tokens.json`;
  const operator = bearer(await tokenIn(file, { name: 'admin', scope: 'admin' }));
  const token = bearer(
    await tokenIn(file, { name: 'service', scope: 'definitions', environment: 'staging' }),
  );
  const served = await serveFolder({ flags: { fees } }, { tokens: file });
  try {
    const environment = `${served.url}/api/v1/environments/staging`;
    const body = JSON.stringify({ flags: { fees } });
    const json = { 'content-type': 'application/json' };
    const created = { ...json, ...operator, 'if-none-match': '*' };
    expect((await fetch(environment, { method: 'PUT', headers: created, body })).status).toBe(201);
    const point = { timeUnixNano: '1', asInt: 2, attributes: [{ key, value: { stringValue: 'fees' } }] };
    const sum = { aggregationTemporality: 1, isMonotonic: true, dataPoints: [point] };
    const metrics = [{ name: 'graylane.flag.evaluations', sum }];
    const exported = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
    const send = async (headers: Record<string, string>): Promise<[number, string]> => {
      const sent = { method: 'POST', headers: { ...json, ...headers }, body: exported };
      const response = await fetch(`${served.url}/v1/metrics`, sent);
      return [response.status, await response.text()];
    };
    expect(await send(token)).toEqual([200, '{}']);
    expect(await send({ ...token, 'graylane-environment': 'default' })).toEqual([
      403,
      expect.stringContaining('"code":7'),
    ]);
    expect(await send({})).toEqual([401, expect.stringContaining('"code":16')]);
    expect(await send({ ...operator, 'graylane-environment': 'staging' })).toEqual([200, '{}']);
    const usage = await fetch(`${environment}/flags/fees/usage`, { headers: token });
    expect(await usage.json()).toMatchObject({
      evaluations: 4,
      services: [{ service: 'unknown_service' }],
      variants: expect.arrayContaining([expect.objectContaining({ variant: null, evaluations: 4 })]),
    });
  } finally {
    await served.close();
  }
});

describe('the list', () => {
  test('has every flag, and only the stale ones by query', async () => {
    for (const name of ['used', 'constant', 'unused']) await put(name, onOff);
    await report('payments', [
      { [key]: 'used', [variant]: 'on' },
      { [key]: 'used', [variant]: 'off' },
      { [key]: 'constant', [variant]: 'off', count: 3 },
    ]);
    const { body } = await call('GET', 'usage');
    expect(body['flags']).toEqual([
      expect.objectContaining({ flag: 'used', services: ['payments'], evaluations: 2 }),
      expect.objectContaining({
        flag: 'constant',
        evaluations: 3,
        variants: [{ variant: 'off', evaluations: 3, lastEvaluated: expect.any(String) }],
      }),
      expect.objectContaining({ flag: 'unused', lastEvaluated: null, variants: [] }),
    ]);
    // None of them has been counted for a day.
    expect((await call('GET', 'usage?unusedDays=1')).body).toEqual({ flags: [] });
    // They are unused for a tenth of a millisecond soon.
    const unused = async (): Promise<unknown> => (await call('GET', 'usage?unusedDays=1e-9')).body['flags'];
    await expect.poll(unused).toContainEqual(expect.objectContaining({ flag: 'unused' }));
  });

  test.each([
    ['usage?unusedDays=0', 'unusedDays is \\"0\\"'],
    ['usage?constantDays=', 'constantDays is \\"\\"'],
    ['usage?constantDays=x', 'use a number of days'],
    ['usage?unusedDays=1&constantDays=1', 'use one of them'],
  ])('%s is refused', async (path, message) => {
    const { status, body } = await call('GET', path);
    expect([status, JSON.stringify(body['detail'])]).toEqual([400, expect.stringContaining(message)]);
  });
});
