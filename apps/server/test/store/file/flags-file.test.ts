import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fees, serve, type Served } from '../../support/serve.ts';

let served: Served;

beforeEach(async () => {
  served = await serve({ flags: { fees } });
});
afterEach(() => served.close());

describe('an edit by hand', () => {
  test('is in force in a moment', async () => {
    served.edit(JSON.stringify({ flags: { fees: { ...fees, defaultVariant: 'on' } } }));
    await expect.poll(() => ask({})).toMatchObject({ value: true });
  });

  test.each([
    ['that is no JSON', '{"flags": {"fees": ', '$', 'line 1, column 20'],
    ['without flags', '{}', '$.flags', 'no "flags"'],
    [
      'that nests too deep to be sent',
      withFlag({ metadata: { x: 1 } }).replace('"x":1', `"x":${'['.repeat(20_000)}${']'.repeat(20_000)}`),
      '$',
      'deeper than 500 levels',
    ],
    ['that misspells an operator', withTargeting({ iff: [true, 'on'] }), '$.flags.fees.targeting.iff', 'iff'],
    ['that gives a flag no variants', withFlag({ variants: {} }), '$.flags.fees.variants', 'no variants'],
    [
      'whose default is no variant',
      withFlag({ defaultVariant: 'blue' }),
      '$.flags.fees.defaultVariant',
      'blue',
    ],
  ])(
    '%s is not taken over; log and health have the place of the mistake',
    async (_case, text, path, words) => {
      served.edit(text);
      await expect.poll(() => health(served.url)).toMatchObject({ status: 'degraded' });
      for (const url of [served.url, served.managementUrl]) {
        const { file, problems } = (await health(url)) as {
          file: string;
          problems: Record<string, string>[];
        };
        expect(file).toBe(served.file);
        expect(problems[0]).toEqual({
          path,
          message: expect.any(String),
          remedy: expect.stringMatching(/./),
        });
        expect(JSON.stringify(problems)).toContain(words.replaceAll('"', String.raw`\"`));
      }
      expect(served.logged.at(-1)).toContain(`${path}: `);
      expect(await ask({ lane: 'gray' })).toMatchObject({ value: true, reason: 'TARGETING_MATCH' });
      expect((await fetch(`${served.url}/readyz`)).status).toBe(200);

      served.edit(JSON.stringify({ flags: { fees: { ...fees, defaultVariant: 'on' } } }));
      await expect.poll(() => health(served.url)).toMatchObject({ status: 'ok' });
      expect(await ask({})).toMatchObject({ value: true });
    },
  );

  test('that is broken is not overwritten by a PUT', async () => {
    served.edit('{"flags": {');
    await expect.poll(() => health(served.url)).toMatchObject({ status: 'degraded' });
    const answer = await fetch(`${served.url}/api/v1/environments/default/flags/fees`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', 'if-match': '*' },
      body: JSON.stringify(fees),
    });
    expect(answer.status).toBe(409);
    expect(served.read()).toBe('{"flags": {');
  });

  test('just before a PUT is not lost, though the watcher has not seen it yet', async () => {
    served.edit(JSON.stringify({ flags: { fees, added: fees } }));
    const answer = await fetch(`${served.url}/api/v1/environments/default/flags/new`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', 'if-none-match': '*' },
      body: JSON.stringify(fees),
    });
    expect(answer.status).toBe(201);
    expect(JSON.parse(served.read())).toEqual({ flags: { fees, added: fees, new: fees } });
  });
});

test('a flag that is broken from the start takes no other down, and an edit elsewhere is taken over', async () => {
  const broken = { ...fees, state: 'ON' };
  const other = await serve({ flags: { broken, fees } });
  try {
    expect(other.logged.join('\n')).toContain('$.flags.broken.state');
    other.edit(JSON.stringify({ flags: { broken, fees: { ...fees, defaultVariant: 'on' } } }));
    await expect.poll(() => ask({}, other.url)).toMatchObject({ value: true });
  } finally {
    await other.close();
  }
});

test('a server without readable flags does not start, and prints the reason', async () => {
  await expect(serve('{"flags": oops}')).rejects.toThrow(
    /flags\.json is not a flag document:\s+\$: .*line 1, column 11/,
  );
});

async function ask(context: object, url = served.url): Promise<unknown> {
  const body = JSON.stringify({ context });
  return (await fetch(`${url}/ofrep/v1/evaluate/flags/fees`, { method: 'POST', body })).json();
}

async function health(url: string): Promise<unknown> {
  return (await fetch(`${url}/healthz`)).json();
}

function withTargeting(targeting: object): string {
  return withFlag({ targeting });
}

function withFlag(change: object): string {
  return JSON.stringify({ flags: { fees: { ...fees, ...change } } });
}
