import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkDyeRules, checkFlags, compileFlags, evaluate } from '@graylane/flags';
import { describe, expect, test } from 'vitest';
import { runPages as pages } from './support/examples/suites.ts';
import { blocksOf, codeBlocks } from './support/markdown.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const execute = promisify(execFile);
describe('the examples of the READMEs and guides', () => {
  test.each(pages)('%s has one to run', (readme) => {
    expect(examples(readme).length).toBeGreaterThan(0);
  });

  test.each(pages.flatMap((page) => examples(page).map((code, index) => [page, index + 1, code] as const)))(
    '%s, example %i, runs as written',
    async (_page, _number, code) => {
      mkdirSync(`${root}.graylane`, { recursive: true });
      const folder = mkdtempSync(`${root}.graylane/readme-`);
      try {
        writeFileSync(`${folder}/example.ts`, code);
        writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
        const args = ['--conditions=@graylane/source', '--import', 'tsx', `${folder}/example.ts`];
        await execute(process.execPath, args, { cwd: root, timeout: 100_000 });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});

/** A rule in JSON with the table of evaluation contexts and results below it. */
interface RuleExample {
  readonly heading: string;
  readonly code: string;
  readonly flag: string;
  readonly rows: readonly (readonly [context: string, result: string])[];
}

describe('the rules of docs/recipes.md', () => {
  const rules = ruleExamples('docs/recipes.md');

  test('each have a table of results', () => {
    const blocks = codeBlocks('docs/recipes.md').filter(({ info }) => info === 'json');
    expect(rules.map(({ code }) => code)).toEqual(blocks.map(({ code }) => code));
    expect(rules.every(({ rows }) => rows.length > 0)).toBe(true);
  });

  test.each(rules.map((rule, index) => [index + 1, rule.heading, rule] as const))(
    'rule %i (%s) evaluates to the results in its table',
    (_number, _heading, { code, flag, rows }) => {
      const document = JSON.parse(code) as object;
      expect(checkFlags(document)).toEqual([]);
      expect(checkDyeRules(document)).toEqual([]);
      const flags = compileFlags(document);
      expect(flags.warnings).toEqual([]);
      const results = rows.map(([context]) => {
        const { value, errorCode } = evaluate(flags, flag, JSON.parse(context) as Record<string, string>);
        return [context, errorCode ?? (value === undefined ? 'none' : String(value))];
      });
      expect(results).toEqual(rows);
    },
  );
});

describe('docs/troubleshooting.md', () => {
  const text = readFileSync(`${root}docs/troubleshooting.md`, 'utf8');
  const sources = sourceText('packages/baggage/src');

  test('names each event of baggageCounts()', () => {
    const [, union = ''] = /export type BaggageEvent =(.*?)\n\n/s.exec(sources) ?? [];
    const events = [...union.matchAll(/\| '(\w+)'/g)].map(([, event = '']) => event);
    expect(events.length).toBeGreaterThan(10);
    expect(events.filter((event) => !text.includes(`\`${event}\``))).toEqual([]);
  });

  test('has each message about a request that the code logs', () => {
    const begin =
      /[`'](?=(?:a request|a batch|the pins|the dye rule|code wrote|baggage that|dye\.choice\.lane) )/;
    const messages = sources
      .split(begin)
      .slice(1)
      .map((rest) => /^[^`'\n]*/.exec(rest)?.[0] ?? '')
      // The line of an explanation, which the page shows with its values.
      .filter((message) => !message.includes('decided${detail('));
    const missing = messages.filter((message) =>
      message
        .split(/\$\{.*?\}(?=[^}]|$)/)
        .some((part) => !text.includes(part.replaceAll(/^[ "]+|[ ":]+$/g, ''))),
    );
    expect(messages.length).toBeGreaterThan(10);
    expect(missing).toEqual([]);
  });

  test('quotes messages as the code writes them', () => {
    const lines = codeBlocks('docs/troubleshooting.md').flatMap(({ info, code }) =>
      info === 'text' ? code.trim().split('\n') : [],
    );
    expect(lines.length).toBeGreaterThan(20);
    const missing = lines.filter(
      (line) => !line.split('…').every((part) => sources.includes(part.replaceAll(/^[ "]+|[ ":]+$/g, ''))),
    );
    expect(missing).toEqual([]);
  });
});

/** The blocks marked exactly as ts; one that only shows a fragment is marked "ts no-run". */
function examples(page: string): string[] {
  return codeBlocks(page).flatMap(({ info, code }) => (info === 'ts' ? [code] : []));
}

function ruleExamples(page: string): RuleExample[] {
  const text = readFileSync(`${root}${page}`, 'utf8');
  return text.split(/^## /m).flatMap((section) => {
    const heading = section.split('\n', 1)[0] ?? '';
    return section.split(/^(?=```json$)/m).flatMap((part) => {
      const [block] = blocksOf(part);
      if (block?.info !== 'json') return [];
      const table = /^\| evaluation context +\| `([^`]+)` +\|\n.*\n((?:\|.*\n?)+)/m.exec(part);
      const rows = [...(table?.[2] ?? '').matchAll(/^\| `(.+?)` +\| `?([^`|]+?)`? +\|$/gm)];
      return [
        {
          heading,
          code: block.code,
          flag: table?.[1] ?? '',
          rows: rows.map(([, context = '', result = '']) => [context, result] as const),
        },
      ];
    });
  });
}

function sourceText(folder: string): string {
  return readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(`${root}${folder}/${file}`, 'utf8'))
    .join('\n');
}
