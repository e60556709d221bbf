import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { describeWith } from './components/components.ts';
import { site } from './components/tools/site.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const execute = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'graylane-site-'));
/** A bound for a build that hangs. */
const timeout = 900_000;

afterAll(() => rmSync(folder, { recursive: true }));

await describeWith(site, 'the documentation site', () => {
  test('has each page of docs/, and the reference of each import path', { timeout }, async () => {
    await build(`${folder}/site`);
    const missing = [...pagesOfDocs(), ...importPaths()].filter(
      (page) => !existsSync(`${folder}/site/${page}`),
    );
    expect(missing).toEqual([]);
    const page = readFileSync(`${folder}/site/reference/@graylane/flags.html`, 'utf8');
    expect(page).toContain('compileFlags');
    // VitePress does not check the links of the navigation.
    expect(deadLinks(`${folder}/site`)).toEqual([]);
  });

  test('is not built with a dead link', { timeout }, async () => {
    const docs = mkdtempSync(join(folder, 'docs-'));
    writeFileSync(`${docs}/index.md`, '# Start\n\n[further](missing.md)\n');
    await expect(build(`${folder}/dead`, docs)).rejects.toThrow(/missing/);
    writeFileSync(`${docs}/missing.md`, '# Further\n');
    await build(`${folder}/dead`, docs);
  });
});

async function build(...args: readonly string[]): Promise<void> {
  await execute(process.execPath, [`${root}docs/site/build.js`, ...args], { cwd: root, maxBuffer: 1e8 });
}

/** The links within the site, of every page, that lead to no file. */
function deadLinks(built: string): string[] {
  const pages = readdirSync(built, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.html'),
  );
  const links = pages.flatMap((page) => [
    ...readFileSync(`${built}/${page}`, 'utf8').matchAll(/href="(\/[^"#?]*)/g),
  ]);
  const paths = new Set(links.map(([, path = '']) => path));
  expect(paths.size).toBeGreaterThan(50);
  return [...paths].filter((path) => {
    const files = path.endsWith('/') ? [`${path}index.html`] : [path, `${path}.html`];
    return !files.some((file) => existsSync(`${built}${file}`));
  });
}

function pagesOfDocs(): string[] {
  return readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' })
    .filter((page) => page.endsWith('.md') && !page.startsWith('site'))
    .map((page) => page.replace(/(^|\/)README\.md$/, '$1index.md').replace(/\.md$/, '.html'));
}

function importPaths(): string[] {
  return readdirSync(`${root}packages`).flatMap((name) => {
    const manifest = JSON.parse(readFileSync(`${root}packages/${name}/package.json`, 'utf8')) as {
      readonly name: string;
      readonly exports: Readonly<Record<string, unknown>>;
    };
    return Object.entries(manifest.exports)
      .filter(([, target]) => typeof target === 'object' && target !== null && '@graylane/source' in target)
      .map(([path]) => `reference/${manifest.name}${path.slice(1)}.html`);
  });
}
