import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RequestError } from '../../src/model/request-error.ts';
import { readDefinition } from '../../src/rollouts/definition/read-definition.ts';
import { possibleResults } from '../../src/rollouts/targeting/possible-results.ts';
import { admin } from '../support/admin.ts';
import { serveFolder } from '../support/serve.ts';
import { dyeRule, request } from './rollout-requests.ts';

const [sli] = request.guard.slis;

function problemsOf(guard: object): RequestError['problems'] {
  try {
    readDefinition({ ...request, guard });
  } catch (error) {
    if (error instanceof RequestError) return error.problems;
    throw error;
  }
  throw new Error('the definition was accepted');
}

/** So many members fit into the body of a request. */
const members = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`a${index}`, '']));

describe('the definition of a rollout', () => {
  test.each([
    ['selector', { slis: [{ ...sli, selector: members }] }, '$.guard.slis[0].selector'],
    ['definition of bad', { slis: [{ ...sli, kind: 'errors', bad: members }] }, '$.guard.slis[0].bad'],
  ])('refuses a %s with 100,000 members, and reports none of them', (_, guard, path) => {
    const problems = problemsOf(guard) ?? [];
    expect(problems[0]).toMatchObject({ path, message: 'this has 100000 members' });
    expect(problems.length).toBeLessThan(3);
  });

  test('reports the first 20 members that it does not have', () => {
    expect(problemsOf({ ...request.guard, ...members })).toHaveLength(20);
  });

  test.each([
    ['long', `a: ${'x'.repeat(100_000)}`, /100003 characters/],
    ['deep', '['.repeat(30_000), /nests deeper/],
    [
      'full of aliases',
      [
        'a0: &a0 [1]',
        ...Array.from({ length: 20 }, (__, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}]`),
      ].join('\n'),
      /can't be read: Excessive alias count/,
    ],
  ])('refuses a contract that is too %s to be parsed at once', (_, slisFrom, message) => {
    expect(problemsOf({ slisFrom })).toMatchObject([{ message: expect.stringMatching(message) }]);
  });

  test('refuses a query of more than 2,000 characters', () => {
    const query = `m{${'a="",'.repeat(100_000)}}`;
    const part = { metricSource: { spec: { query } } };
    const indicator = { spec: { ratioMetric: { total: part, bad: part } } };
    const slo = { kind: 'SLO', metadata: { name: 'a' }, spec: { service: 'a', indicator } };
    expect(problemsOf({ slisFrom: [slo] })).toMatchObject([
      { message: 'the query of "total" has more than 2000 characters' },
    ]);
  });
});

describe('the results of a targeting', () => {
  test('are found for evaluators of which each uses another one twice', () => {
    const evaluators: Record<string, unknown> = { e0: 'gray' };
    for (let level = 1; level <= 90; level += 1) {
      const inner = { $ref: `e${level - 1}` };
      evaluators[`e${level}`] = { or: [inner, inner] };
    }
    expect(possibleResults({ $ref: 'e45' }, evaluators)).toEqual(new Set(['gray']));
    expect(possibleResults({ $ref: 'e90' }, evaluators)).toBe('any');
  });

  test('may be anything for an evaluator that refers to itself', () => {
    expect(possibleResults({ $ref: 'a' }, { a: { or: ['gray', { $ref: 'a' }] } })).toBe('any');
  });
});

describe('a Prometheus', () => {
  test('is read only if the settings name it, and its password is in no response and no record', async () => {
    const prometheus = ['http://ada:opensesame@127.0.0.1:9/prometheus/'];
    const served = await serveFolder({ flags: { lane: dyeRule } }, { prometheus });
    try {
      const send = admin(served.url);
      const start = async (address: string) =>
        send('POST', 'rollouts', {
          body: { ...request, guard: { ...request.guard, source: { prometheus: address } } },
        });
      const refused = await start('http://eve:secret@169.254.169.254/');
      expect([refused.status, JSON.stringify(refused.body)]).toEqual([
        422,
        expect.stringMatching(/another one needs to be in GRAYLANE_PROMETHEUS/),
      ]);
      const started = await start('http://127.0.0.1:9/prometheus');
      expect(started.status).toBe(201);
      const path = `rollouts/${String(started.body['id'])}`;
      const responses = [refused, started];
      for (const one of ['rollouts', path, `${path}/report`, `${path}/verdict`, 'history']) {
        responses.push(await send('GET', one));
      }
      responses.push(await send('POST', `${path}/pause`));
      const text = JSON.stringify(responses.map(({ body }) => body));
      expect(text).toContain('"http://127.0.0.1:9/prometheus"');
      expect(text).not.toMatch(/opensesame|secret/);
      const folder = dirname(served.file);
      const kept = readdirSync(folder).filter((name) => statSync(`${folder}/${name}`).isFile());
      for (const name of kept) expect(readFileSync(`${folder}/${name}`, 'utf8')).not.toContain('opensesame');
      expect(kept.length).toBeGreaterThan(1);
    } finally {
      await served.close();
    }
  });
});
