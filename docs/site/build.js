// `build.js [OUT] [DOCS]`: builds the documentation site from docs/ into OUT (default: dist). The
// pages are copied to `pages` and their links adapted; the reference is generated beside them. With
// DOCS, a folder of pages, the site has these pages and no reference.
import { cpSync, rmSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'vitepress';
import { copyPages } from './copy-pages.js';
import { writeReference } from './write-reference.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const [outDir = `${here}dist`, docs] = process.argv.slice(2);

rmSync(`${here}pages`, { recursive: true, force: true });
copyPages(docs ?? `${here}..`, `${here}pages`);
if (docs === undefined) {
  cpSync(`${here}home.md`, `${here}pages/index.md`);
  await writeReference(`${here}pages/reference`);
}
await build(here, { outDir });
