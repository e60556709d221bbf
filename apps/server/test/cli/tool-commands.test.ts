import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { admin } from '../support/admin.ts';
import { runCommand, type CommandResult } from '../support/run-command.ts';
import { fees, serveFolder, type Served } from '../support/serve.ts';

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

  test('print the problem, and change nothing', async () => {
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

  test('name the server that does not respond', async () => {
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

test('history prints author, change and reason', async () => {
  const headers = { 'if-match': '*', 'graylane-reason': 'payday' };
  await admin(served.url)('PATCH', 'flags/fees', { body: { defaultVariant: 'on' }, headers });
  const { code, output } = await run('history');
  expect(code).toBe(0);
  expect(output).toMatch(
    /^\w+\.2 {2}\S+Z {2}anonymous {2}payday\n {2}\$\.flags\.fees\.defaultVariant: "off" -> "on"\n\w+\.1 {2}/,
  );
  expect((await run('history', 'other')).output).not.toContain('payday');
});

describe('set', () => {
  test('changes members of a flag, with the reason', async () => {
    const made = await run(
      'set',
      'fees',
      'defaultVariant=on',
      'metadata={"team":"money"}',
      '--reason',
      'payday',
    );
    expect(made).toEqual({ code: 0, output: 'default: fees changed\n' });
    expect((await flags())['fees']).toEqual({ ...on, metadata: { team: 'money' } });
    expect((await run('history', 'fees')).output).toContain('payday');
    expect((await run('set', 'fees', 'defaultVariant=on')).output).toBe('default: fees is unchanged\n');
    expect((await run('set', 'fees', 'metadata=null')).code).toBe(0);
    expect((await flags())['fees']).toEqual(on);
  });

  test('replaces a rule by another one', async () => {
    const targeting = { if: [{ '==': [{ var: 'tenant' }, 'internal'] }, 'on'] };
    await admin(served.url)('PUT', 'flags/fees', {
      body: { ...fees, targeting },
      headers: { 'if-match': '*' },
    });
    const rule = {
      fractional: [
        ['on', 5],
        ['off', 95],
      ],
    };
    expect((await run('set', 'fees', `targeting=${JSON.stringify(rule)}`)).code).toBe(0);
    expect((await flags())['fees']).toEqual({ ...fees, targeting: rule });
  });

  test('writes a whole flag from a file, and creates it', async () => {
    writeFileSync(scratch, JSON.stringify(on));
    expect((await run('set', 'third', `@${scratch}`)).output).toBe('default: third created\n');
    expect((await run('set', 'fees', `@${scratch}`)).output).toBe('default: fees changed\n');
    expect(await flags()).toEqual({ fees: on, other: fees, third: on });
  });

  test.each([
    [['fees', 'defaultVariant'], '"defaultVariant" must be MEMBER=VALUE'],
    [['fees', '@a.json', 'state=DISABLED'], '@a.json is the whole flag'],
    [['fees', 'defaultVariant=blue'], '$.flags.fees.defaultVariant: '],
    [['nosuch', 'state=DISABLED'], 'there is no flag "nosuch"'],
  ])('refuses %j and changes nothing', async (args, words) => {
    expect(await run('set', ...args)).toEqual({ code: 1, output: expect.stringContaining(words) });
    expect(await flags()).toEqual({ fees, other: fees });
  });
});

describe('preview', () => {
  test('shows the differences, and the contexts whose results change, and writes nothing', async () => {
    writeFileSync(scratch, JSON.stringify({ flags: { fees: on, other: fees } }));
    const contexts = `${scratch}.contexts`;
    writeFileSync(contexts, JSON.stringify([{ targetingKey: 'ada' }, { lane: 'gray' }, { lane: 'team-a' }]));
    expect(await run('preview', scratch, '--contexts', contexts)).toEqual({
      code: 0,
      output: `1 difference:
  $.flags.fees.defaultVariant: "off" -> "on"
2 of 3 contexts would change:
  fees: 2
  ada: fees off -> on
  context 3: fees off -> on
`,
    });
    const json = JSON.parse((await run('preview', scratch, '--contexts', contexts, '--json')).output);
    expect(json).toMatchObject({
      differences: [{ path: '$.flags.fees.defaultVariant' }],
      preview: { changed: 2 },
    });
    expect(await flags()).toEqual({ fees, other: fees });
  });

  test('of the same flags has no differences, and of faulty ones lists the problems', async () => {
    await run('export', scratch);
    expect(await run('preview', scratch)).toEqual({ code: 0, output: 'no differences\n' });
    writeFileSync(scratch, JSON.stringify({ flags: { fees: { ...fees, defaultVariant: 'blue' } } }));
    const refused = await run('preview', scratch);
    expect(refused).toEqual({ code: 1, output: expect.stringContaining('$.flags.fees.defaultVariant: ') });
    expect((await run('preview', scratch, '--contexts', scratch)).output).toContain(
      'must be an array of evaluation contexts',
    );
  });
});

describe('environments', () => {
  test('are listed, created and removed, with the reason', async () => {
    const made = await run('environments', 'create', 'staging', '--reason', 'für den Test');
    expect(made).toEqual({ code: 0, output: 'staging: created\n' });
    const { output } = await run('environments');
    expect(output).toMatch(
      /^name +flags +revision +state\ndefault +2 +\S+ +in order\nstaging +0 +\S+ +in order\n$/,
    );
    const { body } = await admin(served.url)('GET', '/environments/staging/history');
    expect(body['revisions']).toMatchObject([{ reason: 'für den Test' }]);
    expect(await run('environments', 'create', 'staging')).toMatchObject({ code: 1 });
    expect(await run('environments', 'remove', 'staging')).toEqual({ code: 0, output: 'staging: removed\n' });
    const listed = JSON.parse((await run('environments', '--json')).output) as object[];
    expect(listed).toMatchObject([{ name: 'default', flags: 2, readOnly: false }]);
    expect((await run('environments', 'remove', 'staging')).output).toContain('there is no environment');
  });

  test('take an action with a name, or nothing', async () => {
    for (const operands of [['create'], ['remove', 'a', 'b'], ['rename', 'a'], ['--reason', 'x']]) {
      expect(await run('environments', ...operands)).toMatchObject({ code: 2 });
    }
  });
});

test('clients are listed with the revision that each one has confirmed', async () => {
  const { output: none } = await run('clients');
  expect(none).toMatch(/^0 of 0 clients have revision \S+\n$/);
  for (const instance of ['orders-2', 'orders-1']) {
    const made = { body: fees, headers: { 'if-none-match': '*' } };
    expect((await admin(served.url)('PUT', `flags/${instance}`, made)).status).toBe(201);
    const { headers } = await fetch(`${served.url}/api/v1/environments/default`);
    const report = { service: 'orders', instance, revision: headers.get('graylane-revision') };
    expect((await admin(served.url)('POST', 'clients', { body: report })).status).toBe(204);
  }
  const { output } = await run('clients');
  expect(output).toMatch(/^orders +orders-1 +\S+ +up to date +\d+ s ago/m);
  expect(output).toMatch(/^orders +orders-2 +\S+ +behind +\d+ s ago/m);
  const json = JSON.parse((await run('clients', '--json')).output) as { clients: object[] };
  expect(json.clients).toHaveLength(2);
});

describe('diff and undo', () => {
  test('show what changed in one revision and between two, and take one back', async () => {
    await run('set', 'fees', 'defaultVariant=on');
    await run('set', 'other', 'state=DISABLED');
    await run('set', 'fees', 'defaultVariant=off', 'metadata={"team":"money"}');
    const [fourth = '', third = '', second = '', first = ''] = await revisions();
    expect(await run('diff', second)).toEqual({
      code: 0,
      output: '  $.flags.fees.defaultVariant: "off" -> "on"\n',
    });
    expect((await run('diff', first, fourth)).output.split('\n').toSorted()).toEqual([
      '',
      '  $.flags.fees.metadata: none -> {"team":"money"}',
      '  $.flags.other.state: "ENABLED" -> "DISABLED"',
    ]);
    expect((await run('diff', third, third)).output).toBe('no differences\n');
    expect(JSON.parse((await run('diff', second, third, '--json')).output)).toEqual([
      { path: '$.flags.other.state', before: 'ENABLED', after: 'DISABLED' },
    ]);
    const refused = await run('diff', fourth, first);
    expect(refused).toEqual({ code: 1, output: expect.stringContaining('name an older revision') });
    const undone = await run('undo', third, '--reason', 'too early');
    expect(undone).toEqual({
      code: 0,
      output: expect.stringMatching(
        /^\w+\.5 {2}\S+Z {2}anonymous {2}too early\n {2}\$\.flags\.other\.state: "DISABLED" -> "ENABLED"\n$/,
      ),
    });
    expect(await run('undo', second)).toEqual({
      code: 1,
      output: expect.stringContaining('later revisions changed the same parts'),
    });
    expect((await run('undo', 'elsewhere.1')).output).toContain('there is no revision "elsewhere.1" here');
  });

  async function revisions(): Promise<string[]> {
    const { body } = await admin(served.url)('GET', 'history');
    return (body['revisions'] as Array<{ revision: string }>).map(({ revision }) => revision);
  }
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
  [['verify'], 'verify takes one store: graylane-server verify DIR, or verify --database URL'],
  [['export', '--url', 'server'], '--url is "server"'],
  [
    ['import', 'st.json', '--data', './data'],
    '--data is an option of import --all: add it, or name a running server with --url',
  ],
  [['export', '--all'], 'export --all takes one whole store: name it with --data DIR or --database URL'],
  [['export', '--flags', 'x.json'], '--flags is not an option of export: name a running server with --url'],
  [['history', '--reason', 'why'], '--reason is not an option of history: it is an option of import'],
  [['restore'], 'check, export, import, history, audit, verify'],
  [['undo'], 'undo takes one revision, got 0: graylane-server undo REVISION'],
  [['diff', 'a', 'b', 'c'], 'diff takes 1 or 2 operands, got 3: graylane-server diff REVISION [REVISION]'],
  [['set', 'fees'], 'set takes at least 2 operands, got 1: graylane-server set FLAG CHANGE...'],
])('%j is refused with exit code 2 and the remedy', async (args, words) => {
  const { code, output } = await run(...args);
  expect(code).toBe(2);
  expect(output).toContain(words);
});

async function flags(): Promise<Record<string, unknown>> {
  const { body } = await admin(served.url)('GET', 'flags');
  return body['flags'] as Record<string, unknown>;
}

async function run(...args: string[]): Promise<CommandResult> {
  return runCommand(served.url, args);
}
