import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admin } from '../support/admin.ts';
import { fees, serveFolder, type Served } from '../support/serve.ts';

const insider = { '==': [{ var: 'tenant' }, 'internal'] };
const inside = { ...fees, targeting: { if: [{ $ref: 'insider' }, 'on'] } };
const contexts = [{ lane: 'gray' }, { lane: 'baseline' }, { tenant: 'internal' }, {}];
let served: Served;
let ask: ReturnType<typeof admin>;

beforeAll(async () => {
  served = await serveFolder({ $evaluators: { insider }, flags: { inside, fees, still: fees } });
  ask = admin(served.url);
});
afterAll(() => served.close());

describe('a preview', () => {
  test('of a flag lists the contexts that would change, with both results', async () => {
    const flags = { fees: { ...fees, targeting: { if: [{ '==': [{ var: 'lane' }, 'baseline'] }, 'on'] } } };
    const { status, body } = await ask('POST', 'preview', { body: { contexts, flags } });
    expect(status).toBe(200);
    expect(body).toEqual({
      revision: expect.any(String),
      contexts: 4,
      changed: 2,
      flags: { fees: 2 },
      changes: [
        {
          context: 0,
          flag: 'fees',
          before: { value: true, variant: 'on' },
          after: { value: false, variant: 'off' },
        },
        {
          context: 1,
          flag: 'fees',
          before: { value: false, variant: 'off' },
          after: { value: true, variant: 'on' },
        },
      ],
    });
  });

  test('of a segment looks at the flags that use it', async () => {
    const segments = { insider: { '==': [{ var: 'lane' }, 'gray'] } };
    const { body } = await ask('POST', 'preview', { body: { contexts, segments } });
    expect(body).toMatchObject({ changed: 2, flags: { inside: 2 } });
  });

  test('of a whole document names the flags that would be removed', async () => {
    const document = { flags: { fees, still: fees } };
    const { body } = await ask('POST', 'preview', { body: { contexts, document } });
    expect(body).toMatchObject({ changed: 4, flags: { inside: 4 } });
    expect(body['changes']).toContainEqual({
      context: 0,
      flag: 'inside',
      before: { value: false, variant: 'off' },
      after: { errorCode: 'FLAG_NOT_FOUND' },
    });
  });

  test('writes nothing', async () => {
    const before = served.read();
    await ask('POST', 'preview', { body: { contexts, flags: { fees: null } } });
    expect(served.read()).toBe(before);
    expect((await ask('GET', 'history')).body['revisions']).toHaveLength(1);
  });

  test.each([
    ['a draft that is not valid', { flags: { fees: { ...fees, state: 'ON' } } }, '$.flags.fees.state'],
    [
      'a segment that is used and would be gone',
      { segments: { insider: null } },
      '$.flags.inside.targeting.if[0].$ref',
    ],
    ['no draft', {}, '$'],
    ['two drafts', { flags: {}, document: { flags: {} } }, '$'],
    ['segments that are no object', { flags: {}, segments: null }, '$.segments'],
    ['flags that are no object', { flags: [] }, '$.flags'],
    ['a document that is none', { document: { flag: {} } }, '$.flags'],
    ['no contexts', { contexts: [], flags: {} }, '$.contexts'],
    ['a context that is no object', { contexts: [{}, 7], flags: {} }, '$.contexts[1]'],
  ])('of %s is refused with the JSON path', async (_case, body, path) => {
    const answer = await ask('POST', 'preview', { body: { contexts, ...body } });
    expect(answer.status).toBe(400);
    expect(answer.body['problems']).toContainEqual(expect.objectContaining({ path }));
  });
});
