import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { admin } from '../support/admin.ts';
import { fees, serve, serveFolder, type Served } from '../support/serve.ts';

const change = { 'if-match': '*' };
let served: Served;
let ask: ReturnType<typeof admin>;

beforeEach(async () => {
  served = await serveFolder({ flags: { fees, other: fees } });
  ask = admin(served.url);
});
afterEach(() => served.close());

describe('the history', () => {
  test('has the author, the reason and the differences of each change, by JSON path', async () => {
    const headers = { ...change, 'graylane-reason': 'payday' };
    const body = { defaultVariant: 'on', metadata: { team: 'money' } };
    const { headers: answered } = await ask('PATCH', 'flags/fees', { body, headers });
    const { body: history } = await ask('GET', 'history');
    expect(history['revisions']).toMatchObject([
      {
        revision: answered.get('graylane-revision'),
        author: 'anonymous',
        reason: 'payday',
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        diff: [
          { path: '$.flags.fees.defaultVariant', before: 'off', after: 'on' },
          { path: '$.flags.fees.metadata', after: { team: 'money' } },
        ],
      },
      { author: 'file' },
    ]);
    const one = await ask('GET', `history/${answered.get('graylane-revision')}`);
    expect(one.body['changes']).toEqual([
      { path: '$.flags.fees', before: fees, after: { ...fees, ...body } },
    ]);
  });

  test.each([
    ['raw UTF-8', Buffer.from('für 灰度').toString('latin1'), 'für 灰度'],
    ['percent-encoded', encodeURIComponent('für 灰度'), 'für 灰度'],
    ['a plain percent', 'from 5% to 10%', 'from 5% to 10%'],
  ])('keeps a reason that is sent as %s', async (_case, reason, read) => {
    const headers = { ...change, 'graylane-reason': reason };
    await ask('PATCH', 'flags/fees', { body: { defaultVariant: 'on' }, headers });
    expect((await ask('GET', 'history')).body['revisions']).toMatchObject([{ reason: read }, {}]);
  });

  test.each(['x'.repeat(1001), 'a%0Ab'])('refuses a reason that is no short line', async (reason) => {
    const headers = { ...change, 'graylane-reason': reason };
    expect((await ask('PATCH', 'flags/fees', { body: { state: 'DISABLED' }, headers })).status).toBe(400);
  });

  test('is paged, as a whole, of a flag and of a segment', async () => {
    for (const defaultVariant of ['on', 'off', 'on', 'off', 'on']) {
      await ask('PATCH', 'flags/fees', { body: { defaultVariant }, headers: change });
      await ask('PATCH', 'flags/other', { body: { defaultVariant }, headers: change });
    }
    await ask('PUT', 'segments/insider', { body: { '!': [true] }, headers: { 'if-none-match': '*' } });
    const pages: number[] = [];
    let next: unknown;
    do {
      const query = next === undefined ? '' : `&before=${String(next)}`;
      const { body } = await ask('GET', `history?limit=5${query}`);
      pages.push((body['revisions'] as unknown[]).length);
      ({ next } = body);
    } while (next !== undefined);
    expect(pages).toEqual([5, 5, 2]);
    expect((await ask('GET', 'flags/fees/history')).body['revisions']).toHaveLength(6);
    expect((await ask('GET', 'segments/insider/history')).body['revisions']).toHaveLength(1);
    for (const limit of ['0', '201', 'x'])
      expect((await ask('GET', `history?limit=${limit}`)).status).toBe(400);
  });

  test('of a revision that is not there is a 404', async () => {
    expect((await ask('GET', 'history/elsewhere.1')).status).toBe(404);
    expect((await ask('POST', 'history/elsewhere.1/undo')).status).toBe(404);
  });
});

describe('undo', () => {
  test('takes one change back and leaves later ones elsewhere, even in the same flag', async () => {
    const { headers } = await ask('PATCH', 'flags/fees', { body: { defaultVariant: 'on' }, headers: change });
    await ask('PATCH', 'flags/fees', { body: { metadata: { team: 'money' } }, headers: change });
    const revision = headers.get('graylane-revision') ?? '';
    const undone = await ask('POST', `history/${revision}/undo`);
    expect(undone.status).toBe(200);
    expect(undone.body).toMatchObject({
      undoes: revision,
      reason: `undo ${revision}`,
      diff: [{ path: '$.flags.fees.defaultVariant', before: 'on', after: 'off' }],
    });
    expect((await ask('GET', 'flags/fees')).body).toEqual({ ...fees, metadata: { team: 'money' } });
    expect((await ask('POST', `history/${revision}/undo`)).status).toBe(409);
    const again = await ask('POST', `history/${String(undone.body['revision'])}/undo`);
    expect(again.status).toBe(200);
    expect((await ask('GET', 'flags/fees')).body).toMatchObject({ defaultVariant: 'on' });
  });

  test('brings a removed flag back', async () => {
    const { headers } = await ask('DELETE', 'flags/fees', { headers: change });
    await ask('POST', `history/${headers.get('graylane-revision')}/undo`);
    expect((await ask('GET', 'flags/fees')).body).toEqual(fees);
  });

  test('is refused where later changes changed the same, which it names', async () => {
    const { headers } = await ask('PATCH', 'flags/fees', { body: { defaultVariant: 'on' }, headers: change });
    await ask('PATCH', 'flags/fees', { body: { defaultVariant: null }, headers: change });
    const answer = await ask('POST', `history/${headers.get('graylane-revision')}/undo`);
    expect(answer.status).toBe(409);
    expect(answer.body['problems']).toMatchObject([{ path: '$.flags.fees.defaultVariant' }]);
  });

  test('is refused where it would break what was made since', async () => {
    const segment = { body: { '!': [true] }, headers: { 'if-none-match': '*' } };
    const { headers } = await ask('PUT', 'segments/insider', segment);
    const targeting = { if: [{ $ref: 'insider' }, 'on'] };
    await ask('PATCH', 'flags/fees', { body: { targeting }, headers: change });
    const answer = await ask('POST', `history/${headers.get('graylane-revision')}/undo`);
    expect(answer.status).toBe(400);
    expect(answer.body['problems']).toMatchObject([{ path: '$.flags.fees.targeting.if[0].$ref' }]);
  });

  test('is refused for the first revision, and for a revision of the environment that is not the newest', async () => {
    const revisions = (await ask('GET', 'history')).body['revisions'] as { revision: string }[];
    expect((await ask('POST', `history/${revisions[0]?.revision}/undo`)).status).toBe(409);
    const { headers } = await ask('PATCH', 'flags/fees', { body: { state: 'DISABLED' }, headers: change });
    const stale = { headers: { 'if-match': '"stale"' } };
    expect((await ask('POST', `history/${headers.get('graylane-revision')}/undo`, stale)).status).toBe(412);
  });
});

test('a flags file alone has a history too, since the start', async () => {
  const other = await serve({ flags: { fees } });
  const ofOther = admin(other.url);
  try {
    const { headers } = await ofOther('PATCH', 'flags/fees', {
      body: { state: 'DISABLED' },
      headers: change,
    });
    expect((await ofOther('GET', 'history')).body['revisions']).toHaveLength(2);
    expect((await ofOther('POST', `history/${headers.get('graylane-revision')}/undo`)).status).toBe(200);
    expect(JSON.parse(other.read())).toEqual({ flags: { fees } });
  } finally {
    await other.close();
  }
});
