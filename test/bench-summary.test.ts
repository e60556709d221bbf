import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { rowsOf } from './support/summary/rows.ts';
import { summaryOf, valueOf } from './support/summary/summary.ts';

const docs = new URL('../docs/benchmarks/', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, docs), 'utf8');

const page = `# Benchmark: http

## What does a request cost?

|         | contender    | median, us | x baseline |
| ------- | ------------ | ---------: | ---------: |
| request | bare express |      1,076 |          1 |
| request | floor        |         79 |       1.08 |
| reply   | bare express |         80 |          1 |

| client | version |
| ------ | ------- |
| a      | 1       |
`;

describe('the summary of the benchmarks', () => {
  test('reads rows with a peer, and no other tables', () => {
    expect(rowsOf('http', page)).toMatchObject([
      {
        name: 'request',
        unit: 'us',
        figures: [{ median: 1076 }, { contender: 'floor', median: 79, ratio: 1.08 }],
      },
      { name: 'reply', figures: [{ median: 80, ratio: 1 }] },
    ]);
  });

  test('refuses a goal of a row or a contender that does not exist', () => {
    const goal = { page: 'http', row: 'request', contender: 'graylane', of: 'floor', most: 2 } as const;
    const rows = rowsOf('http', page);
    expect(valueOf(rows, { ...goal, contender: 'bare express' })).toBeCloseTo(1 / 1.08);
    expect(() => valueOf(rows, goal)).toThrow('the row "request" has no contender "graylane"');
    expect(() => valueOf(rows, { ...goal, row: 'start' })).toThrow(
      'docs/benchmarks/http.md has no row "start"',
    );
  });

  test('has the figures of the pages beside it', () => {
    const pages = readdirSync(docs).filter((file) => file.endsWith('.md') && file !== 'summary.md');
    const files = summaryOf(new Map(pages.map((file) => [file.slice(0, -'.md'.length), read(file)])));
    const remedy = 'npm run bench -- --write summary';
    expect(cells(read('summary.md')), remedy).toEqual(cells(files['summary.md'] ?? ''));
    expect(read('summary/first.svg'), remedy).toBe(files['summary/first.svg']);
  });
});

/** Without the spaces and dashes that align the columns of a table. */
function cells(text: string): string {
  return text.replaceAll(/ *\| */g, '|').replaceAll(/-+/g, '-');
}
