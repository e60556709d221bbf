import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';

const folder = mkdtempSync(`${tmpdir()}/graylane-site-`);
const root = fileURLToPath(new URL('..', import.meta.url));

beforeAll(async () => {
  await build({ root, logLevel: 'error', build: { outDir: folder, emptyOutDir: true, manifest: true } });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * The files that a browser loads before a chunk appears: the chunk, its imports and their styles.
 */
function filesOf(manifest: Manifest, name: string, seen = new Set<string>()): Set<string> {
  const chunk = manifest[name];
  if (chunk === undefined || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const style of chunk.css ?? []) seen.add(style);
  for (const below of chunk.imports ?? []) filesOf(manifest, below, seen);
  return seen;
}

test('the first screen is at most 60 KB compressed, and loads no editor and no plot', () => {
  const manifest = JSON.parse(readFileSync(`${folder}/.vite/manifest.json`, 'utf8')) as Manifest;
  const files = filesOf(manifest, 'index.html');
  filesOf(manifest, 'src/screens/lanes/lanes-screen.tsx', files);
  const sizes = ['index.html', ...files].map((file) => gzipSync(readFileSync(`${folder}/${file}`)).length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(files.size).toBeGreaterThan(2);
  expect(total).toBeGreaterThan(10_000);
  expect(total).toBeLessThanOrEqual(60 * 1024);
  const heavy = Object.values(manifest).filter(({ name = '' }) => /json-editor|evidence-plot/.test(name));
  expect(heavy).toHaveLength(2);
  expect(heavy.filter(({ file }) => files.has(file))).toEqual([]);
});

test('the page has no inline script or style, and names no other origin', () => {
  const page = readFileSync(`${folder}/index.html`, 'utf8');
  expect(page).not.toMatch(/<style|style=|<script(?![^>]*src=)|https?:\/\//);
  const scripts = readdirSync(`${folder}/assets`).filter((file) => file.endsWith('.css'));
  for (const file of scripts) {
    expect(readFileSync(`${folder}/assets/${file}`, 'utf8')).not.toMatch(/url\((?:https?:|data:)|@import/);
  }
});

type Manifest = Readonly<Record<string, Chunk>>;

interface Chunk {
  readonly file: string;
  readonly name?: string;
  readonly css?: readonly string[];
  readonly imports?: readonly string[];
}
