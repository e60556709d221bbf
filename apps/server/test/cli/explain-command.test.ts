import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { compileFlags, explain } from '@graylane/flags';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explanationText } from '../../src/cli/commands/explanation/text.ts';
import { readCommand } from '../../src/cli/read-command.ts';
import { runCommand, type CommandResult } from '../support/run-command.ts';
import { fees, serveFolder, type Served } from '../support/serve.ts';

const bin = fileURLToPath(new URL('../../bin/graylane-server.js', import.meta.url));
const buckets = [
  ['on', 30],
  ['gray', 50],
  ['off', 20],
];
const spread = {
  state: 'ENABLED',
  variants: { on: true, off: false, gray: 'g' },
  defaultVariant: 'off',
  targeting: {
    if: [
      { $ref: 'insider' },
      'on',
      {
        and: [
          { in: [{ var: 'region' }, ['cn', 'de']] },
          { '!': { var: 'legacy' } },
          { sem_ver: [{ var: 'app' }, '>=', '1.2.0'] },
        ],
      },
      { fractional: buckets },
      { some: [{ var: 'groups' }, { '==': [{ var: '' }, 'beta'] }] },
      'gray',
    ],
  },
};
const document = {
  $evaluators: { insider: { '==': [{ var: 'tenant' }, 'internal'] } },
  flags: { fees, spread },
};
const folder = mkdtempSync(`${tmpdir()}/graylane-explain-`);
const file = `${folder}/flags.json`;
const contextFile = `${folder}/context.json`;
let served: Served;

beforeAll(async () => {
  writeFileSync(file, JSON.stringify(document));
  writeFileSync(contextFile, JSON.stringify({ region: 'de', app: '1.3', targetingKey: 'ada' }));
  served = await serveFolder(document);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await served.close();
});

describe('explain', () => {
  test('draws the conditions, the values read and the bucket, of a file and of a running server alike', async () => {
    const local = await run('explain', 'spread', '--flags', file, '--context', `@${contextFile}`);
    expect(local).toEqual({
      code: 0,
      output: `spread: variant "gray", value "g" (TARGETING_MATCH)
if → "gray"
├─ ✗ $ref "insider" → false
│  └─ tenant == "internal" → false (tenant is absent)
├─ ✓ and → true
│  ├─ ✓ region in ["cn","de"] → true (region = "de")
│  ├─ ✓ not (legacy) → true (legacy is absent)
│  └─ ✓ app >= "1.2.0" → true (app = "1.3")
└─ take fractional → "gray" (targetingKey = "ada")
   ├─ 75.08 of 100: hash v2 of "spreadada", from the flag's key and targetingKey
   ├─ "on"      0.00 to  30.00  |---------------                                   |
   ├─ "gray"   30.00 to  80.00  |               ----------------------◆--          |
   └─ "off"    80.00 to 100.00  |                                        ----------|
`,
    });
    expect(await run('explain', 'spread', '--context', `@${contextFile}`)).toEqual(local);
  });

  test.each([
    [
      { region: 'de', legacy: true, groups: ['x', 'beta'] },
      `spread: variant "gray", value "g" (TARGETING_MATCH)
if → "gray"
├─ ✗ $ref "insider" → false
│  └─ tenant == "internal" → false (tenant is absent)
├─ ✗ and → false
│  ├─ ✓ region in ["cn","de"] → true (region = "de")
│  ├─ ✗ not (legacy) → false (legacy = true)
│  └─ operands not evaluated: 1
├─ ✓ some(groups, …) → true (groups = ["x","beta"])
│  ├─ the element == "beta" → false (the element = "x")
│  └─ the element == "beta" → true (the element = "beta")
└─ take "gray"
`,
    ],
    [
      { region: 'cn', app: 'latest' },
      `spread: variant "off", value false (DEFAULT)
if → null
├─ ✗ $ref "insider" → false
│  └─ tenant == "internal" → false (tenant is absent)
├─ ✗ and → null
│  ├─ ✓ region in ["cn","de"] → true (region = "cn")
│  ├─ ✓ not (legacy) → true (legacy is absent)
│  └─ ✗ app >= "1.2.0" → null (app = "latest", "latest" is not a version)
├─ ✗ some(groups, …) → false (groups is absent)
└─ no condition holds, and there is no other result
the rule returned null: the default applies
`,
    ],
    [
      { region: 'cn', app: '2.0.0' },
      `take fractional → null (targetingKey is absent)
   ├─ no bucket key: the flag's key and targetingKey must be a string
`,
    ],
  ])('draws the way of %j', (context, expected) => {
    expect(explanationText(explain(compileFlags(document), 'spread', context))).toContain(expected);
  });

  test.each([
    ['disabled', { ...fees, state: 'DISABLED' }, 'the flag is disabled: its rule did not run\n'],
    ['static', { ...fees, targeting: {} }, 'the flag has no rule\n'],
    ['broken', { ...fees, targeting: { nonsense: 1 } }, 'PARSE_ERROR: '],
    [
      'unknown',
      { ...fees, targeting: { var: 'x' } },
      'GENERAL: the rule of flag "f" names the variant "blue", but its variants are "on", "off" (ERROR)\nx → "blue"\n',
    ],
    [
      'too much work',
      { ...fees, targeting: { if: [{ cat: [{ var: 'long' }, { var: 'long' }] }, 'on'] } },
      'failed: the rule makes a string of more than 1000000 characters',
    ],
    [
      'a long chain',
      { ...fees, targeting: { if: Array.from({ length: 300 }, () => [{ var: 'none' }, 'on']).flat() } },
      '├─ ✗ none → null (absent)\n├─ … conditions left out: 200\n├─ ✗ none',
    ],
  ])('draws a flag that is %s', (_name, flag, expected) => {
    const set = compileFlags({ flags: { f: flag } });
    const context = { x: 'blue', long: 'y'.repeat(600_000) };
    expect(explanationText(explain(set, 'f', context))).toContain(expected);
  });

  test('prints what its page shows', async () => {
    const page = readFileSync(new URL('../../../../docs/evaluation.md', import.meta.url), 'utf8');
    const section = page.slice(page.indexOf('## Why this variant?'), page.indexOf('## Cost'));
    const [flags = '', command = '', text] = [...section.matchAll(/```\w+\n([^`]*)```/g)].map(
      ([, block]) => block,
    );
    const [, context] = /--context '(.*)'/.exec(command) ?? [];
    const set = compileFlags(flags);
    expect(explanationText(explain(set, 'fees', JSON.parse(context ?? '') as Record<string, unknown>))).toBe(
      text,
    );
  });

  test('prints JSON, the same as the API', async () => {
    const context = { tenant: 'internal' };
    const options = ['--context', JSON.stringify(context), '--json'];
    const { output } = await run('explain', 'spread', ...options);
    const { revision, now, ...remote } = JSON.parse(output) as Record<string, unknown>;
    expect([revision, now]).toEqual([expect.any(String), expect.any(Number)]);
    const own = explain(compileFlags(document), 'spread', context, { now: 0 });
    expect({ ...remote, now: 0 }).toEqual(JSON.parse(JSON.stringify(own)));
  });

  test.each([
    [['nobody', '--flags', file], `there is no flag "nobody" in ${file}`],
    [['nobody'], 'there is no flag "nobody"'],
    [['fees', '--environment', 'nowhere'], 'there is no environment "nowhere"'],
    [['fees', '--flags', `${file}.none`], "can't be read: ENOENT"],
    [['fees', '--context', `@${file}.none`], "can't be read: ENOENT"],
    [['fees', '--context', '{x'], '--context is not JSON: '],
    [['fees', '--context', '[]'], '--context is not a JSON object: '],
    [['fees', '--flags', bin], `${bin} is not a flag document`],
  ])('%j fails with the reason', async (args, words) => {
    const { code, output } = await run('explain', ...args);
    expect(output).toContain(words);
    expect(code).toBe(1);
  });

  test('takes its flags from the option, then from the variable, as other settings', () => {
    const variables = { GRAYLANE_FLAGS: 'env.json' };
    const sourceOf = (args: readonly string[], environment: NodeJS.ProcessEnv): unknown =>
      (readCommand(['explain', 'fees', ...args], environment) as { source?: unknown }).source;
    const here = { url: 'http://127.0.0.1:8080', environment: 'default' };
    expect(sourceOf([], {})).toEqual(here);
    expect(sourceOf([], variables)).toEqual({ file: 'env.json' });
    expect(sourceOf(['--flags', 'own.json'], { ...variables, GRAYLANE_URL: 'http://a' })).toEqual({
      file: 'own.json',
    });
    expect(sourceOf(['--environment', 'b'], variables)).toEqual({ ...here, environment: 'b' });
    expect(sourceOf([], { ...variables, GRAYLANE_URL: 'http://a' })).toEqual({ ...here, url: 'http://a' });
    expect(() => sourceOf(['--flags', 'a', '--url', 'http://a'], {})).toThrow('--flags is given with --url');
  });
});

async function run(...args: string[]): Promise<CommandResult> {
  return runCommand(served.url, args);
}
