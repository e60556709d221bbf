import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { compileFlags } from '@graylane/flags';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CacheFile, type CachedFlags, type FlagsToCache } from '../src/cache-file.ts';

const source = 'http://flags:8080/api/v1/environments/default/stream';
const flags: CachedFlags = {
  revision: 'h.7',
  document: {
    metadata: { version: '1' },
    flags: { grün: { state: 'ENABLED', variants: { a: '值\n' } }, other: { state: 'DISABLED' } },
    $evaluators: {},
  },
};
let folder: string;
let file: string;
let warnings: string[];

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-cache-`);
  file = `${folder}/cache`;
  warnings = [];
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('a cache file', () => {
  test.each([
    ['flags and other members', flags],
    ['no flags', { revision: '1', document: { flags: {} } }],
  ])('holds %s, for any reader', async (_case, saved) => {
    await save(saved);
    expect(open().load()).toEqual(saved);
    expect(warnings).toEqual([]);
  });

  test('does not exist before the first save, which is no trouble', () => {
    expect(open().load()).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  test('is written once for many changes at once, with the last of them', async () => {
    const cache = open();
    const read: number[] = [];
    for (let version = 0; version < 100; version += 1) {
      cache.save(() => {
        read.push(version);
        return toCache({ ...flags, revision: `h.${version}` });
      });
    }
    await cache.settled();
    expect(open().load()?.revision).toBe('h.99');
    expect(read).toEqual([0, 99]);
    expect(readdirSync(folder)).toEqual(['cache']);
  });

  test('is not believed with any truncation or flipped bit', async () => {
    await save(flags);
    const cache = open();
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
    expect(new Set(warnings)).toEqual(
      new Set([`cacheFile ${file} is damaged, or not a cache file, and is not used`]),
    );
  });

  test('of another server or environment is not used', async () => {
    await save(flags);
    expect(open('http://flags:8080/api/v1/environments/production/stream').load()).toBeUndefined();
    expect(warnings).toEqual([
      `cacheFile ${file} holds the flags of ${source}, not of ` +
        'http://flags:8080/api/v1/environments/production/stream, and is not used: ' +
        'give each source and environment a file of its own',
    ]);
  });

  test('stays as it was if flags nest too deep to be written', async () => {
    await save(flags);
    const deep = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`) as unknown;
    await save({ revision: 'deep', document: { flags: { deep } } });
    expect(open().load()).toEqual(flags);
    expect(warnings).toEqual([expect.stringMatching(/can't be written: Maximum call stack/)]);
    expect(readdirSync(folder)).toEqual(['cache']);
  });

  test('in a folder that does not exist is reported', async () => {
    file = `${folder}/nowhere/cache`;
    await save(flags);
    expect(open().load()).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/nowhere\/cache can't be written: ENOENT/)]);
  });
});

describe('in a folder that others can write to', () => {
  test('no symbolic link redirects the write', async () => {
    const victim = `${folder}/victim`;
    writeFileSync(victim, 'precious');
    symlinkSync(victim, `${file}.${process.pid}.tmp`);
    symlinkSync(victim, file);
    await save(flags);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(lstatSync(file).isFile()).toBe(true);
    expect(open().load()).toEqual(flags);
  });

  test('two containers where the process has the same id write whole files', async () => {
    const caches = Array.from({ length: 8 }, () => open());
    for (const [index, cache] of caches.entries())
      cache.save(() => toCache({ ...flags, revision: `${index}` }));
    await Promise.all(caches.map((cache) => cache.settled()));
    expect(open().load()).toMatchObject({ document: flags.document });
    expect(warnings).toEqual([]);
    expect(readdirSync(folder)).toEqual(['cache']);
  });

  test('a pipe in the place of the file does not block the start', () => {
    execFileSync('mkfifo', [file]);
    expect(open().load()).toBeUndefined();
    expect(warnings).toEqual([`cacheFile ${file} can't be read: it is not a regular file`]);
  });

  test('temporary files of processes that were killed are removed, and no other file', async () => {
    const [old, young, foreign] = [
      `${file}.${'a'.repeat(16)}.tmp`,
      `${file}.${'b'.repeat(16)}.tmp`,
      `${file}.old.tmp`,
    ];
    for (const path of [old, young, foreign]) writeFileSync(path, '');
    const longAgo = Date.now() / 1000 - 3600;
    for (const path of [old, foreign]) utimesSync(path, longAgo, longAgo);
    await save(flags);
    expect([old, young, foreign].map((path) => existsSync(path))).toEqual([false, true, true]);
  });
});

function open(id = source): CacheFile {
  return new CacheFile(file, id, (message) => warnings.push(message));
}

async function save(saved: CachedFlags): Promise<void> {
  const cache = open();
  cache.save(() => toCache(saved));
  await cache.settled();
}

function toCache({ document, revision }: CachedFlags): FlagsToCache {
  return { flags: compileFlags(document), rest: document as object, revision };
}
