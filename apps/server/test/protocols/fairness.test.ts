import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Service } from '../../src/protocols/flagd/gen/flagd/evaluation/v1/evaluation_pb.ts';
import { forEachInSlices } from '../../src/for-each-in-slices.ts';
import { admin } from '../support/admin.ts';
import { serve, type Served } from '../support/serve.ts';

const keys = Array.from({ length: 3000 }, (_, index) => `flag-${index}`);
const targeting = {
  if: [{ some: [{ var: 'tags' }, { in: [{ var: '' }, ['x', 'y', { var: 'z' }]] }] }, 'on', 'off'],
};
const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', targeting };
/** The draft of a flag: other tags turn it on. */
const other = {
  ...flag,
  targeting: {
    if: [{ some: [{ var: 'tags' }, { in: [{ var: '' }, ['u', 'v', { var: 'w' }]] }] }, 'on', 'off'],
  },
};

let served: Served;

beforeAll(async () => {
  served = await serve({ flags: Object.fromEntries(keys.map((key) => [key, flag])) });
});
afterAll(() => served.close());

describe('an evaluation of all flags', () => {
  const tags = Array.from({ length: 500 }, (_, index) => `tag-${index}`);

  test.each([
    ['by OFREP', () => ofrep({ context: { tags } })],
    [
      'by gRPC',
      () => {
        const baseUrl = `http://127.0.0.1:${served.grpcPort}`;
        return createClient(Service, createGrpcTransport({ baseUrl })).resolveAll({ context: { tags } });
      },
    ],
  ])('%s lets other requests run in between', async (_name, evaluateAll) => {
    const state = { done: false };
    const all = evaluateAll().finally(() => (state.done = true));
    let meanwhile = 0;
    while (!state.done) {
      expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
      if (!state.done) meanwhile += 1;
    }
    await all;
    expect(meanwhile).toBeGreaterThan(2);
  });
});

test('explanations of a long rule let other requests run in between', async () => {
  const branches = Array.from({ length: 5000 }, (_, index) => [
    { '==': [{ var: index % 2 ? 'a' : 'b' }, `t${index}`] },
    'on',
  ]);
  const long = { ...flag, targeting: { if: [...branches.flat(), 'off'] } };
  const ask = admin(served.url);
  expect((await ask('PUT', 'flags/long', { body: long, headers: { 'if-none-match': '*' } })).status).toBe(
    201,
  );
  const state = { done: false };
  const explanations = Promise.all(
    Array.from({ length: 20 }, () => ask('POST', 'flags/long/explain', { body: { context: { a: 'x' } } })),
  ).finally(() => (state.done = true));
  let meanwhile = 0;
  while (!state.done) {
    expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
    if (!state.done) meanwhile += 1;
  }
  for (const { status, body } of await explanations) {
    expect([status, body['evaluation']]).toMatchObject([200, { variant: 'off' }]);
    expect(body['rule']).toMatchObject({ operator: 'if', choice: { omitted: 4900 } });
  }
  expect(meanwhile).toBeGreaterThan(2);
  expect((await ask('DELETE', 'flags/long', { headers: { 'if-match': '*' } })).status).toBe(204);
});

test('tasks take turns, and each turn of the event loop continues one of them', async () => {
  const order: string[] = [];
  const busy = (name: string) => (step: number) => {
    order.push(`${name}${step}`);
    const end = performance.now() + 1;
    while (performance.now() < end);
  };
  let turns = 0;
  let running = true;
  const count = (): void => {
    turns += 1;
    if (running) setImmediate(count);
  };
  setImmediate(count);
  const steps = Array.from({ length: 64 }, (_, index) => index);
  await Promise.all(['a', 'b', 'c'].map(async (name) => forEachInSlices(steps, busy(name))));
  running = false;
  expect(order).toHaveLength(3 * 64);
  // Four slices of sixteen steps for each task, one slice a turn but for the first ones.
  expect(turns).toBeGreaterThanOrEqual(3 * 3);
  expect(order.indexOf('c0')).toBeLessThan(order.indexOf('a63'));
});

test('of many long tasks few hold partial results, and short ones do not wait for them', async () => {
  let [begun, mostBegun, finished] = [0, 0, 0];
  const long = Array.from({ length: 1000 }, (_, index) => index);
  const longTask = async (): Promise<void> => {
    await forEachInSlices(long, (index) => {
      if (index !== long.length / 2) return;
      begun += 1;
      mostBegun = Math.max(mostBegun, begun);
      const end = performance.now() + 6;
      while (performance.now() < end);
    });
    begun -= 1;
    finished += 1;
  };
  const all = Promise.all(Array.from({ length: 40 }, longTask));
  await forEachInSlices([1, 2, 3], () => {});
  expect(finished).toBeLessThan(40);
  await all;
  expect(mostBegun).toBeLessThanOrEqual(8);
});

test('a task that waits for its place leaves it when it fails or its result is no longer wanted', async () => {
  const items = Array.from({ length: 1000 }, (_, index) => index);
  const busy = (): void => {
    const end = performance.now() + 0.1;
    while (performance.now() < end);
  };
  const fail = (item: number): void => {
    if (item > 500) throw new Error('failed');
    busy();
  };
  const outcomes = await Promise.allSettled([
    ...Array.from({ length: 20 }, async () => forEachInSlices(items, fail)),
    ...Array.from({ length: 20 }, async () => forEachInSlices(items, busy, () => true)),
  ]);
  expect(new Set(outcomes.slice(0, 20).map(({ status }) => status))).toEqual(new Set(['rejected']));
  expect(new Set(outcomes.slice(20).map(({ status }) => status))).toEqual(new Set(['fulfilled']));
  let steps = 0;
  await forEachInSlices(items, () => (steps += 1));
  expect(steps).toBe(items.length);
});

test('a task stops when its result is no longer wanted', async () => {
  let steps = 0;
  const endless = (function* () {
    for (;;) yield 1;
  })();
  await forEachInSlices(
    endless,
    () => {
      steps += 1;
    },
    () => steps > 0,
  );
  expect(steps).toBeGreaterThan(0);
});

describe('a context with too many values', () => {
  test.each([
    ['in one array', { tags: Array.from({ length: 20_000 }, () => 0) }],
    ['in nested objects', { a: Array.from({ length: 4000 }, () => ({ b: 1, c: [2] })) }],
  ])('%s is refused with the limit', async (_name, context) => {
    for (const path of ['', '/flag-1']) {
      const response = await ofrep({ context }, path);
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({
        errorCode: 'GENERAL',
        errorDetails: expect.stringContaining('more than 10000 values'),
      });
    }
    const baseUrl = `http://127.0.0.1:${served.grpcPort}`;
    const client = createClient(Service, createGrpcTransport({ baseUrl }));
    await expect(client.resolveAll({ context })).rejects.toThrow('[resource_exhausted]');
    await expect(client.resolveBoolean({ flagKey: 'flag-1', context })).rejects.toThrow('10000');
  });
});

describe('a request for many evaluations that read long values', () => {
  // Each costs a few hundredths of what one request may do, so a hundred of them are too many.
  const context = { tags: Array.from({ length: 9000 }, () => 'tag') };

  test('shares one work budget by OFREP', async () => {
    expect((await ofrep({ context }, '/flag-1')).status).toBe(200);
    const { flags } = (await (await ofrep({ context })).json()) as { flags: Array<{ errorCode?: string }> };
    expect(flags).toHaveLength(keys.length);
    const evaluated = flags.filter(({ errorCode }) => errorCode === undefined);
    expect(evaluated.length).toBeGreaterThan(0);
    expect(evaluated.length).toBeLessThan(100);
  });

  test('shares one work budget by gRPC', async () => {
    const baseUrl = `http://127.0.0.1:${served.grpcPort}`;
    const { flags } = await createClient(Service, createGrpcTransport({ baseUrl })).resolveAll({ context });
    expect(Object.keys(flags).length).toBeGreaterThan(0);
    expect(Object.keys(flags).length).toBeLessThan(100);
  });

  test.each([
    ['contexts', { contexts: Array.from({ length: 100 }, () => context), flags: { 'flag-1': other } }],
    [
      'flags',
      { contexts: [context], flags: Object.fromEntries(keys.slice(0, 100).map((key) => [key, other])) },
    ],
  ])('is refused as a preview of many %s', async (_name, preview) => {
    const { status, body } = await admin(served.url)('POST', 'preview', { body: preview });
    expect(status).toBe(413);
    expect(body['detail']).toContain('send fewer contexts');
  });

  test('is a preview if the work is little', async () => {
    const preview = { contexts: [context, { tags: ['x'] }], flags: { 'flag-1': other } };
    const { status, body } = await admin(served.url)('POST', 'preview', { body: preview });
    expect(status).toBe(200);
    expect(body['changed']).toBe(1);
  });
});

async function ofrep(body: object, path = ''): Promise<Response> {
  return fetch(`${served.url}/ofrep/v1/evaluate/flags${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}
