import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { admin } from '../support/admin.ts';
import { fees, serveFolder, type Served } from '../support/serve.ts';

const insider = { '==': [{ var: 'tenant' }, 'internal'] };
const inside = { ...fees, targeting: { if: [{ $ref: 'insider' }, 'on'] } };
let served: Served;
let ask: ReturnType<typeof admin>;

beforeEach(async () => {
  served = await serveFolder({ $evaluators: { insider, unused: insider }, flags: { inside, fees } });
  ask = admin(served.url);
});
afterEach(() => served.close());

describe('a segment', () => {
  test('is listed, read, created, changed and removed like a flag', async () => {
    expect((await ask('GET', 'segments')).body).toMatchObject({ segments: { insider, unused: insider } });
    const partner = { '==': [{ var: 'tenant' }, 'partner'] };
    const made = await ask('PUT', 'segments/partner', { body: partner, headers: { 'if-none-match': '*' } });
    expect([made.status, made.body]).toEqual([201, partner]);
    expect((await ask('PUT', 'segments/partner', { body: insider })).status).toBe(428);
    const tag = { 'if-match': made.headers.get('etag') ?? '' };
    expect((await ask('PUT', 'segments/partner', { body: insider, headers: tag })).status).toBe(200);
    expect((await ask('PUT', 'segments/partner', { body: partner, headers: tag })).status).toBe(412);
    expect((await ask('DELETE', 'segments/partner', { headers: { 'if-match': '*' } })).status).toBe(204);
    expect((await ask('GET', 'segments/partner')).status).toBe(404);
    expect((JSON.parse(served.read()) as { $evaluators: object }).$evaluators).toEqual({
      insider,
      unused: insider,
    });
  });

  test('in force changes the flags that use it', async () => {
    const url = `${served.url}/ofrep/v1/evaluate/flags/inside`;
    const evaluate = async (tenant: string): Promise<unknown> => {
      const body = JSON.stringify({ context: { tenant } });
      return (await fetch(url, { method: 'POST', body })).json();
    };
    expect(await evaluate('partner')).toMatchObject({ value: false });
    const partner = { in: [{ var: 'tenant' }, ['internal', 'partner']] };
    await ask('PUT', 'segments/insider', { body: partner, headers: { 'if-match': '*' } });
    expect(await evaluate('partner')).toMatchObject({ value: true });
  });

  test('that grows is refused where a flag that uses it would have too many parts', async () => {
    const evaluate = async (): Promise<unknown> => {
      const body = JSON.stringify({ context: { tenant: 'internal' } });
      const response = await fetch(`${served.url}/ofrep/v1/evaluate/flags/inside`, { method: 'POST', body });
      return response.json();
    };
    const any = { 'if-match': '*' };
    const either = { or: [{ $ref: 'insider' }, { $ref: 'insider' }] };
    const twice = { ...fees, targeting: { if: [either, 'on'] } };
    expect((await ask('PUT', 'flags/inside', { body: twice, headers: any })).status).toBe(200);
    const before = await evaluate();
    expect(before).toMatchObject({ value: true });
    const others = Array.from({ length: 5000 }, (_, n) => ({ '==': [{ var: 'tenant' }, `tenant-${n}`] }));
    const grown = { or: [insider, ...others] };
    // The bound is that of a rule: the segment is below it, and twice the segment is not.
    const alone = await ask('PUT', 'segments/unused', { body: grown, headers: any });
    expect(alone.status).toBe(200);
    const answer = await ask('PUT', 'segments/insider', { body: grown, headers: any });
    expect(answer.status).toBe(400);
    expect(answer.body['problems']).toEqual([
      {
        path: expect.stringContaining('$.flags.inside.targeting'),
        message: 'a flag would break that uses the segment: the rule has more than 30000 parts',
        remedy: expect.stringContaining('make the segment smaller'),
      },
    ]);
    expect(await evaluate()).toEqual(before);
    // A change that makes the flag smaller first is the way.
    expect((await ask('PUT', 'flags/inside', { body: inside, headers: any })).status).toBe(200);
    expect((await ask('PUT', 'segments/insider', { body: grown, headers: any })).status).toBe(200);
    expect(await evaluate()).toEqual(before);
  });

  test('that is used is not removed, and its users are named', async () => {
    const answer = await ask('DELETE', 'segments/insider', { headers: { 'if-match': '*' } });
    expect(answer.status).toBe(409);
    expect(answer.body['problems']).toEqual([
      {
        path: '$.flags.inside.targeting.if[0].$ref',
        message: expect.any(String),
        remedy: expect.any(String),
      },
    ]);
  });

  test('that is not valid is refused with the JSON path of each problem', async () => {
    const answer = await ask('PUT', 'segments/insider', {
      body: { iff: [true] },
      headers: { 'if-match': '*' },
    });
    expect(answer.status).toBe(400);
    expect(answer.body['problems']).toMatchObject([{ path: '$["$evaluators"].insider.iff' }]);
  });

  test('that was the last one takes its shelf with it', async () => {
    served.edit(JSON.stringify({ $evaluators: { unused: insider }, flags: { fees } }));
    await expect.poll(async () => (await ask('GET', 'segments/insider')).status).toBe(404);
    expect((await ask('DELETE', 'segments/unused', { headers: { 'if-match': '*' } })).status).toBe(204);
    await expect.poll(() => JSON.parse(served.read()) as object).toEqual({ flags: { fees } });
  });
});
