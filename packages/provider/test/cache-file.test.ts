import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { CacheFile } from '../src/cache-file.ts';

const folder = mkdtempSync(`${tmpdir()}/graylane-cache-`);
const file = `${folder}/cache`;
const flags = { revision: 'h.7', document: { flags: { grün: { state: 'ENABLED', variants: { a: '值' } } } } };

afterAll(() => rmSync(folder, { recursive: true }));

test('what was saved is there again, whoever opens the file', async () => {
  const cache = new CacheFile(file);
  cache.save(flags);
  await cache.settled();
  expect(new CacheFile(file).load()).toEqual(flags);
});

test('of several saves at once the last one stays, and nothing else lies about', async () => {
  const cache = new CacheFile(file);
  for (let version = 0; version < 100; version += 1) cache.save({ ...flags, revision: `h.${version}` });
  await cache.settled();
  expect(new CacheFile(file).load()?.revision).toBe('h.99');
  expect(readdirSync(folder)).toEqual(['cache']);
});

test('no truncation and no flipped bit is believed', async () => {
  const cache = new CacheFile(file);
  cache.save(flags);
  await cache.settled();
  const whole = readFileSync(file);
  for (let length = 0; length < whole.length; length += 1) {
    writeFileSync(file, whole.subarray(0, length));
    expect(cache.load()).toBeUndefined();
  }
  const anyBit = fc.property(fc.nat(whole.length - 1), fc.nat(7), (at, bit) => {
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
    writeFileSync(file, flipped);
    expect(cache.load()).toBeUndefined();
  });
  fc.assert(anyBit, { numRuns: 1000 });
});

test('rules that nest too deep to be written, or a folder that is not there, leave the file as it was', async () => {
  const cache = new CacheFile(file);
  cache.save(flags);
  await cache.settled();
  const deep = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`) as unknown;
  cache.save({ revision: 'deep', document: deep });
  await cache.settled();
  expect(cache.load()).toEqual(flags);
  const nowhere = new CacheFile(`${folder}/nowhere/cache`);
  nowhere.save(flags);
  await nowhere.settled();
  expect(nowhere.load()).toBeUndefined();
});
