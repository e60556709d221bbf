import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { admin } from './support/admin.ts';
import { fees, serveFolder, type Served } from './support/serve.ts';

const bin = fileURLToPath(new URL('../bin/graylane-server.js', import.meta.url));
const on = { ...fees, defaultVariant: 'on' };
let served: Served;
let scratch: string;

beforeEach(async () => {
  served = await serveFolder({ flags: { fees, other: fees } });
  scratch = `${dirname(served.file)}/scratch.json`;
});
afterEach(() => served.close());

describe('export and import', () => {
  test('carry the flags of one environment to another', async () => {
    expect(await run('export', scratch)).toEqual({ code: 0, output: '' });
    expect(JSON.parse(readFileSync(scratch, 'utf8'))).toEqual({ flags: { fees, other: fees } });
    const made = await run('import', scratch, '--environment', 'staging', '--reason', 'für den Test');
    expect(made).toEqual({ code: 0, output: 'staging: created; 2 flags: 2 added, 0 changed, 0 removed\n' });
    writeFileSync(scratch, JSON.stringify({ flags: { fees: on, third: fees } }));
    expect((await run('import', scratch, '--environment', 'staging')).output).toBe(
      'staging: 2 flags: 1 added, 1 changed, 1 removed\n',
    );
    writeFileSync(`${scratch}.one`, JSON.stringify({ flags: { fees } }));
    expect((await run('import', `${scratch}.one`, '--environment', 'single')).output).toContain('; 1 flag: ');
    const printed = await run('export', '--environment', 'staging');
    expect(JSON.parse(printed.output)).toEqual({ flags: { fees: on, third: fees } });
    const { body } = await admin(served.url)('GET', '/environments/staging/history');
    expect(body['revisions']).toMatchObject([{ reason: `import of ${scratch}` }, { reason: 'für den Test' }]);
  });

  test('say what is wrong, and change nothing', async () => {
    writeFileSync(scratch, JSON.stringify({ flags: { fees: { ...fees, defaultVariant: 'blue' } } }));
    const broken = await run('import', scratch);
    expect(broken.code).toBe(1);
    expect(broken.output).toContain('$.flags.fees.defaultVariant: ');
    expect((await run('import', `${scratch}.none`)).output).toContain("can't be read");
    expect((await run('export', '--environment', 'nowhere')).output).toContain('there is no environment');
    writeFileSync(scratch, '{\n');
    expect(await run('import', scratch)).toEqual({
      code: 1,
      output: `graylane-server: ${scratch} is not JSON: unexpected end of the document at line 2, column 1\n`,
    });
    const unwritable = `${scratch}.none/x.json`;
    expect(await run('export', unwritable)).toEqual({
      code: 1,
      output: expect.stringMatching(/^graylane-server: \S+x\.json can't be written: ENOENT.*\n$/),
    });
    expect(JSON.parse(served.read())).toEqual({ flags: { fees, other: fees } });
  });

  test('name the server that does not answer', async () => {
    const answer = await run('export', '--url', 'http://127.0.0.1:1');
    expect(answer.code).toBe(1);
    expect(answer.output).toMatch(/no server responds at http:\/\/127\.0\.0\.1:1 .*--url/);
  });
});

describe('check', () => {
  test('takes the deepest rule, and so does the server', async () => {
    const deepest = { ...fees, targeting: nest(98, (rule) => ({ '!': [rule] })) };
    writeFileSync(scratch, JSON.stringify({ flags: { deepest } }));
    expect((await run('check', scratch)).output).toBe(`${scratch}: no problems\n`);
    expect((await create('deepest', deepest)).status).toBe(201);
    const deeper = { ...fees, targeting: nest(99, (rule) => ({ '!': [rule] })) };
    writeFileSync(scratch, JSON.stringify({ flags: { deeper } }));
    expect((await run('check', scratch)).output).toContain('nested deeper than 100 levels');
    expect((await create('deeper', deeper)).body['problems']).toMatchObject([
      { message: 'the rule is nested deeper than 100 levels' },
    ]);
  });

  test('warns of a dye rule whose variant is no lane, and the server takes it', async () => {
    const lane = { state: 'ENABLED', variants: { a: 'Team A', b: 'baseline' }, defaultVariant: 'b' };
    writeFileSync(scratch, JSON.stringify({ flags: { lane } }));
    const { code, output } = await run('check', scratch);
    expect(code).toBe(0);
    expect(output).toContain(
      'warning: $.flags.lane.variants.a: the dye rule "lane" has the variant "Team A"',
    );
    expect((await create('lane', lane)).status).toBe(201);
  });

  test('refuses values that are too deep to be served, and so does the server', async () => {
    const deep = { ...fees, targeting: {}, variants: { on: nest(500, (value) => ({ value })), off: {} } };
    writeFileSync(scratch, JSON.stringify({ flags: { deep } }));
    expect((await run('check', scratch)).output).toContain('$: the document nests deeper than 500 levels');
    expect((await create('deep', deep)).status).toBe(400);
  });

  function create(key: string, body: object): ReturnType<ReturnType<typeof admin>> {
    return admin(served.url)('PUT', `flags/${key}`, { body, headers: { 'if-none-match': '*' } });
  }

  function nest(levels: number, around: (inner: object) => object): object {
    let inner = around({ '!': ['x'] });
    for (let level = 0; level < levels; level += 1) inner = around(inner);
    return inner;
  }
});

test('history prints who changed what, and why', async () => {
  const headers = { 'if-match': '*', 'graylane-reason': 'payday' };
  await admin(served.url)('PATCH', 'flags/fees', { body: { defaultVariant: 'on' }, headers });
  const { code, output } = await run('history');
  expect(code).toBe(0);
  expect(output).toMatch(
    /^\w+\.2 {2}\S+Z {2}anonymous {2}payday\n {2}\$\.flags\.fees\.defaultVariant: "off" -> "on"\n\w+\.1 {2}/,
  );
  expect((await run('history', 'other')).output).not.toContain('payday');
});

test('verify proves the journals of a folder beside its running server', async () => {
  const data = dirname(dirname(dirname(served.file)));
  const { code, output } = await run('verify', data);
  expect([code, output]).toEqual([
    0,
    expect.stringMatching(/journal\.jsonl: 1 revision, head [0-9a-f]{64}\n$/),
  ]);
  const journal = `${dirname(served.file)}/journal.jsonl`;
  const text = readFileSync(journal, 'utf8');
  writeFileSync(journal, text.replace('"author":"file"', '"author":"eve!"'));
  expect(await run('verify', data)).toEqual({ code: 1, output: expect.stringContaining('line 1: its hash') });
  writeFileSync(journal, `${text}half a li`);
  expect(await run('verify', data)).toEqual({
    code: 0,
    output: expect.stringContaining('9 bytes at the end'),
  });
  expect((await run('verify', `${data}/nowhere`)).output).toContain('is not a data folder');
});

test.each([
  [['import'], 'import FILE'],
  [['export', 'a', 'b'], 'export [FILE]'],
  [['verify'], 'verify DIR'],
  [['export', '--url', 'server'], '--url is "server"'],
  [
    ['import', 'st.json', '--data', './data'],
    '--data is not an option of import: name a running server with --url',
  ],
  [['export', '--flags', 'x.json'], '--flags is not an option of export: name a running server with --url'],
  [['history', '--reason', 'why'], '--reason is not an option of history: it is an option of import'],
  [['undo'], 'check, export, import, history, verify'],
])('%j is refused with exit code 2 and the remedy', async (args, words) => {
  const { code, output } = await run(...args);
  expect(code).toBe(2);
  expect(output).toContain(words);
});

async function run(...args: string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [bin, ...args], {
    env: { ...process.env, GRAYLANE_URL: served.url },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}
