import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { summaryOf } from '../support/summary/summary.ts';

// Measures nothing: one page of the figures that the other benchmarks have written.

const docs = fileURLToPath(new URL('../../docs/benchmarks/', import.meta.url));
const pages = new Map(
  readdirSync(docs)
    .filter((file) => file.endsWith('.md') && file !== 'summary.md')
    .map((file) => [file.slice(0, -'.md'.length), readFileSync(`${docs}${file}`, 'utf8')]),
);
const files = summaryOf(pages);
console.log(files['summary.md']);
if (process.env['GRAYLANE_BENCH_WRITE']) {
  mkdirSync(`${docs}summary`, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(`${docs}${name}`, content);
  execFileSync('npx', ['--no', '--', 'oxfmt', `${docs}summary.md`]);
}
