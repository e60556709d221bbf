import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A block of code of a page; `info` is everything behind the fence, e.g. `js [shop.js]`. */
export interface CodeBlock {
  readonly info: string;
  readonly code: string;
}

/** The blocks of code of a page, e.g. `docs/recipes.md`, in their order. */
export function codeBlocks(page: string): CodeBlock[] {
  return blocksOf(readFileSync(`${root}${page}`, 'utf8'));
}

/** The blocks of code of a part of a page. */
export function blocksOf(markdown: string): CodeBlock[] {
  return [...markdown.matchAll(/^```([^\n`]+)\n(.*?)^```$/gms)].map(([, info = '', code = '']) => ({
    info,
    code,
  }));
}
