import { compileFlags, explain } from '@graylane/flags';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openapi } from '../../src/protocols/admin/openapi.ts';
import { admin } from '../support/admin.ts';
import { fees, serveFolder, type Served } from '../support/serve.ts';

const document = {
  $evaluators: { insider: { '==': [{ var: 'tenant' }, 'internal'] } },
  flags: {
    fees,
    spread: {
      ...fees,
      targeting: {
        if: [
          { $ref: 'insider' },
          'on',
          { sem_ver: [{ var: 'app' }, '>=', '1.2.0'] },
          {
            fractional: [
              ['on', 30],
              ['off', 70],
            ],
          },
        ],
      },
    },
    broken: { ...fees, targeting: { nonsense: [] } },
  },
};
let served: Served;
let ask: ReturnType<typeof admin>;

beforeAll(async () => {
  served = await serveFolder(document);
  ask = admin(served.url);
});
afterAll(() => served.close());

describe('explaining a flag over the API', () => {
  test.each([
    ['spread', { tenant: 'internal' }],
    ['spread', { tenant: 'acme', app: '1.3', targetingKey: 'ada' }],
    ['spread', { app: 'latest' }],
    ['fees', { lane: 'gray' }],
    ['broken', {}],
  ])(
    '%s for %j responds with the explanation of the library, as the document describes it',
    async (key, context) => {
      const { status, headers, body } = await ask('POST', `flags/${key}/explain`, { body: { context } });
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toBe('no-store');
      const now = body['now'] as number;
      const { revision, ...explanation } = body;
      expect(revision).toEqual((await ask('GET', 'flags')).body['revision']);
      const own = explain(compileFlags(document), key, context, { now });
      expect(explanation).toEqual(JSON.parse(JSON.stringify(own)));
      const ajv = new Ajv2020({ strict: false, validateFormats: false });
      ajv.addSchema(JSON.parse(openapi.toString()) as object, 'openapi');
      const validate = ajv.getSchema('openapi#/components/schemas/Explanation');
      expect([validate?.(body), validate?.errors]).toEqual([true, null]);
    },
  );

  test.each([
    ['an unknown environment', '/environments/nowhere/flags/fees/explain', { context: {} }, 404],
    ['an unknown flag', 'flags/nobody/explain', { context: {} }, 404],
    ['no context', 'flags/fees/explain', {}, 400],
    ['a context that is an array', 'flags/fees/explain', { context: [] }, 400],
    ['a body that is an array', 'flags/fees/explain', [], 400],
    ['a large context', 'flags/fees/explain', { context: { list: Array(10_001).fill(1) } }, 413],
  ])('refuses %s', async (_name, path, body, status) => {
    const answer = await ask('POST', path, { body });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    if (status === 400) expect(answer.body['problems']).toMatchObject([{ path: '$.context' }]);
  });

  test('refuses other methods, and names the one there is', async () => {
    const { status, headers } = await ask('GET', 'flags/fees/explain');
    expect([status, headers.get('allow')]).toEqual([405, 'POST']);
  });
});
