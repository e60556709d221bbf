import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fees, serve, type Served } from '../support/serve.ts';

let served: Served;
let flags: string;

beforeEach(async () => {
  served = await serve({ metadata: { flagSetId: 'shop' }, flags: { fees, other: fees } });
  flags = `${served.url}/api/v1/environments/default/flags`;
});
afterEach(() => served.close());

describe('a flag', () => {
  test('is read with its ETag, which its change and no other changes', async () => {
    const first = await fetch(`${flags}/fees`);
    expect(await first.json()).toEqual(fees);
    await put('other', { ...fees, defaultVariant: 'on' }, await tagOf('other'));
    expect(await tagOf('fees')).toBe(first.headers.get('etag'));
    await put('fees', { ...fees, defaultVariant: 'on' }, await tagOf('fees'));
    expect(await tagOf('fees')).not.toBe(first.headers.get('etag'));
  });

  test('is listed with the others', async () => {
    expect(await (await fetch(flags)).json()).toMatchObject({ flags: { fees, other: fees } });
  });

  test('that does not exist is a 404 with the way to create it', async () => {
    const answer = await fetch(`${flags}/nobody`);
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(((await answer.json()) as { detail: string }).detail).toContain('If-None-Match: *');
  });
});

test.each(['flags', 'flags/fees', 'stream'])(
  'an environment that is not there is a 404 that names those that are: %s',
  async (path) => {
    const answer = await fetch(`${served.url}/api/v1/environments/staging/${path}`);
    expect(answer.status).toBe(404);
    expect(((await answer.json()) as { detail: string }).detail).toContain('"default"');
  },
);

describe('PUT', () => {
  test('rewrites the file and leaves every other character of it as it was', async () => {
    const text = `{
    "$schema": "https://flagd.dev/schema/v0/flags.json",
    "flags": {
        "zebra": { "state": "ENABLED", "variants": { "a": 1, "b": 2 }, "defaultVariant": "a" },
        "fees": ${JSON.stringify(fees)},
        "2": {"state":"DISABLED",   "variants": {"x": "y"}}
    },
    "metadata": { "flagSetId": "shop" }
}
`;
    served.edit(text);
    await expect.poll(async () => (await fetch(`${flags}/zebra`)).status).toBe(200);
    const answer = await put('fees', { ...fees, state: 'DISABLED' }, await tagOf('fees'));
    expect(answer.status).toBe(200);
    const changed = served.read();
    const [before, after] = text.split(JSON.stringify(fees));
    expect(changed.startsWith(before ?? '?')).toBe(true);
    expect(changed.endsWith(after ?? '?')).toBe(true);
    expect(JSON.parse(changed)).toMatchObject({ flags: { fees: { state: 'DISABLED' } } });
    expect(changed).toContain('\n            "state": "DISABLED"');
  });

  test('lays a text that is one line out once, however often it is edited', async () => {
    served.edit(JSON.stringify({ flags: { fees, other: fees } }));
    await expect.poll(() => served.read()).not.toContain('\n');
    for (let n = 0; n < 12; n += 1)
      await send('PUT', 'fees', { ...fees, metadata: { n } }, { 'if-match': '*' });
    expect(served.read().length).toBeLessThan(1000);
  });

  test('of a flag that the file has twice changes the one in force; the log warns of the other', async () => {
    const flag = JSON.stringify(fees);
    served.edit(`{"flags": {"fees": ${flag}, "other": ${flag}, "fees": ${flag}}}`);
    await expect.poll(() => served.logged.join('\n')).toMatch(/\$\.flags\.fees: .* more than once/);
    const on = { ...fees, defaultVariant: 'on' };
    expect((await send('PUT', 'fees', on, { 'if-match': '*' })).status).toBe(200);
    expect(JSON.parse(served.read())).toEqual({ flags: { fees: on, other: fees } });
    expect((await send('DELETE', 'fees', undefined, { 'if-match': '*' })).status).toBe(204);
    expect(JSON.parse(served.read())).toEqual({ flags: { other: fees } });
  });

  test('creates a flag with If-None-Match: *, and not twice', async () => {
    const create = { 'if-none-match': '*' };
    const first = await send('PUT', 'new', fees, create);
    expect(first.status).toBe(201);
    expect(await first.json()).toEqual(fees);
    expect((await send('PUT', 'new', fees, create)).status).toBe(412);
  });

  test.each([
    ['no condition on a flag that is there', 'fees', {}, 428],
    ['no condition on a new flag', 'new', {}, 428],
    ['a stale ETag', 'fees', { 'if-match': '"stale"' }, 412],
    ['an ETag of a flag that is not there', 'new', { 'if-match': '"stale"' }, 412],
    ['a weak ETag', 'fees', { 'if-match': 'W/"stale"' }, 412],
  ])('with %s is refused and changes nothing', async (_case, key, headers, status) => {
    const before = served.read();
    expect((await send('PUT', key, fees, headers)).status).toBe(status);
    expect(served.read()).toBe(before);
  });

  test.each(['if-match', 'if-none-match'])(
    'with an ETag that has lost its quotes in %s gets the remedy',
    async (header) => {
      const bare = (await tagOf('fees')).replaceAll('"', '');
      const name = header === 'if-match' ? 'If-Match' : 'If-None-Match';
      for (const condition of [bare, `"stale", ${bare}`, `${bare}"`]) {
        const answer = await send('PUT', 'fees', fees, { [header]: condition });
        expect([answer.status, await answer.json()]).toMatchObject([
          400,
          { detail: `ETags must be quoted: send ${name}: "${bare}"` },
        ]);
      }
      const listed = await send('PUT', 'fees', fees, { 'if-match': `"a,b", "${bare}"` });
      expect(listed.status).toBe(200);
    },
  );

  test('of a broken flag is refused with the JSON path and the remedy of each problem', async () => {
    const broken = { ...fees, defaultVariant: 'blue', targeting: { iff: [true, 'on'] } };
    const answer = await put('fees', broken, await tagOf('fees'));
    expect(answer.status).toBe(400);
    const { problems } = (await answer.json()) as { problems: { path: string; remedy: string }[] };
    expect(problems.map(({ path }) => path).toSorted()).toEqual([
      '$.flags.fees.defaultVariant',
      expect.stringMatching(/^\$\.flags\.fees\.targeting/),
    ]);
    for (const { remedy } of problems) expect(remedy).not.toBe('');
  });

  test.each([
    ['{"state":', 'the body is not JSON: unexpected end of the document at line 1, column 10'],
    ['[]', ''],
    ['"on"', 'the body is '],
    ['7', 'the body is '],
  ])('of %s is refused', async (body, detail) => {
    const answer = await fetch(`${flags}/fees`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', 'if-match': '*' },
      body,
    });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining(detail) });
  });

  test('by 20 authors who saw the same flag has one winner', async () => {
    const tag = await tagOf('fees');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, author) => put('fees', { ...fees, metadata: { author } }, tag)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(19);
  });

  test.each(['__proto__', 'constructor', 'a/b', 'grün', '0'])(
    'takes the key %s like any other',
    async (key) => {
      expect((await send('PUT', key, fees, { 'if-none-match': '*' })).status).toBe(201);
      expect(await (await fetch(`${flags}/${encodeURIComponent(key)}`)).json()).toEqual(fees);
      expect(Object.hasOwn((JSON.parse(served.read()) as { flags: object }).flags, key)).toBe(true);
    },
  );
});

test('PATCH merges into a flag, and null removes', async () => {
  const patch = { defaultVariant: 'on', targeting: null };
  const answer = await send('PATCH', 'fees', patch, { 'if-match': await tagOf('fees') });
  expect(answer.status).toBe(200);
  const { targeting: _removed, ...rest } = fees;
  expect(await answer.json()).toEqual({ ...rest, defaultVariant: 'on' });
});

test('DELETE removes a flag that its author has seen', async () => {
  expect((await send('DELETE', 'fees', undefined, {})).status).toBe(428);
  expect((await send('DELETE', 'fees', undefined, { 'if-match': await tagOf('fees') })).status).toBe(204);
  expect((await fetch(`${flags}/fees`)).status).toBe(404);
  expect(JSON.parse(served.read())).toMatchObject({ flags: { other: fees } });
});

describe('a list of flags that carry their key', () => {
  test('is read and written as it is', async () => {
    served.edit(
      JSON.stringify(
        {
          flags: [
            { key: 'one', ...fees },
            { key: 'two', ...fees },
          ],
        },
        null,
        2,
      ),
    );
    await expect.poll(async () => (await fetch(`${flags}/two`)).status).toBe(200);
    expect((await put('two', { ...fees, state: 'DISABLED' }, await tagOf('two'))).status).toBe(200);
    expect((await send('PUT', 'three', fees, { 'if-none-match': '*' })).status).toBe(201);
    expect(JSON.parse(served.read())).toEqual({
      flags: [
        { key: 'one', ...fees },
        { key: 'two', ...fees, state: 'DISABLED' },
        { key: 'three', ...fees },
      ],
    });
  });
});

async function tagOf(key: string): Promise<string> {
  const answer = await fetch(`${flags}/${key}`, { method: 'HEAD' });
  return answer.headers.get('etag') ?? '';
}

async function put(key: string, flag: object, tag: string): Promise<Response> {
  return send('PUT', key, flag, { 'if-match': tag });
}

async function send(
  method: string,
  key: string,
  body: object | undefined,
  headers: Record<string, string>,
): Promise<Response> {
  return fetch(`${flags}/${encodeURIComponent(key)}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
