import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A longer cell breaks the table in a terminal and in an editor. */
const widest = 100;

const pages = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' }).trim().split('\n');

test(`no cell of a table has more than ${widest} characters: use a list, or a sentence below`, () => {
  const wide = pages.flatMap((page) =>
    cellsOf(readFileSync(`${root}${page}`, 'utf8'))
      .filter((cell) => cell.length > widest)
      .map((cell) => `${page}: ${cell}`),
  );
  expect(wide).toEqual([]);
});

function cellsOf(markdown: string): string[] {
  return markdown
    .replaceAll(/^```.*?^```$/gms, '')
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^[|\-: ]+$/.test(line))
    .flatMap((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
}
