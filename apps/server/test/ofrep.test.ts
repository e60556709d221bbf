import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fees, serve, type Served } from './support/serve.ts';

let served: Served;

beforeAll(async () => {
  served = await serve({
    metadata: { flagSetId: 'shop' },
    flags: {
      fees,
      colour: { state: 'ENABLED', variants: { red: 'red' }, defaultVariant: 'red' },
      off: { state: 'DISABLED', variants: { on: true }, defaultVariant: 'on' },
      open: { state: 'ENABLED', variants: { on: true }, defaultVariant: null },
      broken: { state: 'ENABLED', variants: { on: true }, targeting: { iff: [] } },
    },
  });
});
afterAll(() => served.close());

describe('one flag', () => {
  test.each([
    ['fees', { lane: 'gray' }, 200, { value: true, variant: 'on', reason: 'TARGETING_MATCH' }],
    ['fees', {}, 200, { value: false, variant: 'off', reason: 'DEFAULT' }],
    ['colour', {}, 200, { value: 'red', variant: 'red', reason: 'STATIC' }],
    ['off', {}, 200, { reason: 'DISABLED' }],
    ['open', {}, 200, { reason: 'DEFAULT' }],
    ['nobody', {}, 404, { errorCode: 'FLAG_NOT_FOUND', errorDetails: expect.any(String) }],
    ['broken', {}, 400, { errorCode: 'PARSE_ERROR', errorDetails: expect.any(String) }],
  ])('%s in %j is answered with %i', async (key, context, status, answer) => {
    const response = await post(`/evaluate/flags/${key}`, { context });
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ key, ...answer, metadata: { flagSetId: 'shop' } });
  });

  test.each(['{', '[]', '"x"', '{"context": []}', '{"context": "x"}', '{"context": null}'])(
    'asked with the body %s is an error with a code',
    async (body) => {
      const response = await fetch(`${served.url}/ofrep/v1/evaluate/flags/fees`, { method: 'POST', body });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        errorCode: expect.stringMatching(/PARSE_ERROR|INVALID_CONTEXT/),
      });
    },
  );
});

describe('all flags', () => {
  test('are answered with a metadata, errors and disabled ones included', async () => {
    const response = await post('/evaluate/flags', { context: { lane: 'gray' } });
    const { flags } = (await response.json()) as { flags: { key: string }[] };
    expect(flags.map(({ key }) => key)).toEqual(['fees', 'colour', 'off', 'open', 'broken']);
    expect(flags.at(-1)).toMatchObject({ errorCode: 'PARSE_ERROR' });
  });

  test('are not sent again where neither the rules nor the context changed', async () => {
    const first = await post('/evaluate/flags', { context: { lane: 'gray' } });
    const etag = first.headers.get('etag') ?? '';
    const again = await post('/evaluate/flags', { context: { lane: 'gray' } }, { 'if-none-match': etag });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const other = await post('/evaluate/flags', { context: { lane: 'baseline' } }, { 'if-none-match': etag });
    expect(other.status).toBe(200);
    const weak = await post(
      '/evaluate/flags',
      { context: { lane: 'gray' } },
      { 'if-none-match': `W/${etag}` },
    );
    expect(weak.status).toBe(304);
  });
});

test("OpenFeature's own OFREP provider understands every answer", async () => {
  await OpenFeature.setProviderAndWait('ofrep', new OFREPProvider({ baseUrl: served.url }));
  const client = OpenFeature.getClient('ofrep');
  expect(await client.getBooleanDetails('fees', false, { lane: 'gray' })).toMatchObject({
    value: true,
    variant: 'on',
  });
  expect(await client.getStringValue('colour', 'blue')).toBe('red');
  expect(await client.getBooleanDetails('off', true)).toMatchObject({ value: true });
  expect(await client.getBooleanDetails('nobody', true)).toMatchObject({
    value: true,
    errorCode: 'FLAG_NOT_FOUND',
  });
  await OpenFeature.close();
});

async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${served.url}/ofrep/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}
