import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { admin } from '../support/admin.ts';
import { fees, serve, serveFolder, type Served } from '../support/serve.ts';

const create = { 'if-none-match': '*' };
const wellKept: object = {
  revision: expect.any(String),
  flags: 1,
  readOnly: false,
  degraded: false,
  details: { journal: { entries: expect.any(Number), head: expect.any(String) } },
};
let served: Served;
let ask: ReturnType<typeof admin>;

beforeEach(async () => {
  served = await serveFolder({ flags: { fees } });
  ask = admin(served.url);
});
afterEach(() => served.close());

describe('environments', () => {
  test('are listed, created with flags, read as a document, replaced and removed', async () => {
    const made = await ask('PUT', '/environments/staging', { body: { flags: { fees } }, headers: create });
    expect([made.status, made.body]).toEqual([201, { flags: { fees } }]);
    expect((await ask('GET', '/environments')).body).toEqual({
      environments: [
        { name: 'default', ...wellKept },
        { name: 'staging', ...wellKept },
      ],
    });
    const read = await ask('GET', '/environments/staging');
    expect(read.body).toEqual({ flags: { fees } });
    const tag = { 'if-match': read.headers.get('etag') ?? '' };
    const next = { metadata: { flagSetId: 'shop' }, flags: { other: fees } };
    const replaced = await ask('PUT', '/environments/staging', { body: next, headers: tag });
    expect([replaced.status, replaced.body]).toEqual([200, next]);
    expect((await ask('GET', '/environments/staging/flags/fees')).status).toBe(404);
    expect((await ask('PUT', '/environments/staging', { body: next, headers: tag })).status).toBe(412);
    expect((await ask('DELETE', '/environments/staging', { headers: tag })).status).toBe(412);
    expect((await ask('DELETE', '/environments/staging')).status).toBe(428);
    expect((await ask('DELETE', '/environments/staging', { headers: { 'if-match': '*' } })).status).toBe(204);
    expect((await ask('GET', '/environments/staging')).status).toBe(404);
    expect((await ask('DELETE', '/environments/staging', { headers: { 'if-match': '*' } })).status).toBe(404);
  });

  test('have flags of their own, for every protocol', async () => {
    await ask('PUT', '/environments/staging', {
      body: { flags: { fees: { ...fees, defaultVariant: 'on' } } },
      headers: create,
    });
    const evaluate = async (headers: Record<string, string>): Promise<unknown> => {
      const url = `${served.url}/ofrep/v1/evaluate/flags/fees`;
      const body = JSON.stringify({ context: {} });
      return (await fetch(url, { method: 'POST', headers, body })).json();
    };
    expect(await evaluate({})).toMatchObject({ value: false });
    expect(await evaluate({ 'graylane-environment': 'staging' })).toMatchObject({ value: true });
  });

  test.each([
    ['without a condition', 'staging', { flags: {} }, {}, 428],
    ['to be changed, that is not there', 'staging', { flags: {} }, { 'if-match': '"x"' }, 412],
    ['with a name that is none', 'Stag ing', { flags: {} }, create, 400],
    ['that is there', 'default', { flags: {} }, create, 412],
    ['with a body that is no document', 'staging', { flag: {} }, create, 400],
    ['with a list of flags, as the daemon of flagd takes it', 'staging', { flags: [fees] }, create, 400],
    ['with a flag that is not valid', 'staging', { flags: { fees: { ...fees, state: 'ON' } } }, create, 400],
  ])('%s are refused', async (_case, name, body, headers, status) => {
    const path = `/environments/${encodeURIComponent(name)}`;
    const answer = await ask('PUT', path, { body, headers });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect((await ask('GET', '/environments')).body['environments']).toHaveLength(1);
  });

  test('of callers who name none are not removed', async () => {
    const answer = await ask('DELETE', '/environments/default', { headers: { 'if-match': '*' } });
    expect(answer.status).toBe(409);
  });

  test('keep a fault where a document does not touch it', async () => {
    served.edit(JSON.stringify({ flags: { fees } }));
    const broken = { ...fees, state: 'ON' };
    const other = await serveFolder({ flags: { fees, broken } });
    try {
      const on = { ...fees, defaultVariant: 'on' };
      const ofOther = admin(other.url);
      const put = { body: { flags: { fees: on, broken } }, headers: { 'if-match': '*' } };
      expect((await ofOther('PUT', '/environments/default', put)).status).toBe(200);
      expect((await ofOther('GET', 'flags/fees')).body).toEqual(on);
    } finally {
      await other.close();
    }
  });
});

test('a server of one flags file has one environment, and names the option for more', async () => {
  const other = await serve({ flags: {} });
  try {
    const answer = await admin(other.url)('PUT', '/environments/staging', {
      body: { flags: {} },
      headers: create,
    });
    expect(answer.status).toBe(403);
    expect(answer.body['detail']).toContain('--data DIR');
  } finally {
    await other.close();
  }
});

test('a server that only reads refuses every write with its remedy, and takes edits by hand over', async () => {
  const other = await serveFolder({ flags: { fees } }, { readOnly: true });
  const ofOther = admin(other.url);
  try {
    const write = { body: fees, headers: { 'if-match': '*' } };
    for (const [method, path] of [
      ['PUT', 'flags/fees'],
      ['PATCH', 'flags/fees'],
      ['DELETE', 'flags/fees'],
      ['PUT', 'segments/insider'],
      ['PUT', '/environments/staging'],
      ['DELETE', '/environments/default'],
    ] as const) {
      const sent = path.includes('staging') ? { body: { flags: {} }, headers: create } : write;
      const answer = await ofOther(method, path, sent);
      expect([path, answer.status]).toEqual([path, 403]);
      expect(answer.body['detail']).toContain('--read-only');
    }
    expect(await (await fetch(`${other.url}/healthz`)).json()).toMatchObject({ readOnly: true });
    other.edit(JSON.stringify({ flags: { fees, added: fees } }));
    await expect.poll(async () => (await ofOther('GET', 'flags/added')).status).toBe(200);
  } finally {
    await other.close();
  }
});

test.each([
  ['POST', '/environments'],
  ['PATCH', '/environments/default'],
  ['POST', 'flags/fees'],
  ['PATCH', 'segments/fees'],
  ['GET', 'preview'],
  ['DELETE', 'history'],
])('%s %s is a 405 that names the methods', async (method, path) => {
  const answer = await ask(method, path);
  expect(answer.status).toBe(405);
  expect(answer.headers.get('allow')).toMatch(/^[A-Z, ]+$/);
});
