import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileWatcher } from '../../../src/store/file/file-watcher.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-watch-`);
});
afterEach(() => rmSync(folder, { recursive: true }));

test('hundreds of files are looked at in turn, no more often than a few', async () => {
  const watcher = new FileWatcher();
  const looks = new Map<number, number>();
  const endings = Array.from({ length: 400 }, (_, n) =>
    watcher.watch(`${folder}/${n}.json`, () => looks.set(n, (looks.get(n) ?? 0) + 1)),
  );
  await setTimeout(2000);
  for (const end of endings) end();
  // Twelve checks each 500 ms, for any number of files.
  const count = [...looks.values()].reduce((sum, one) => sum + one, 0);
  expect(count).toBeGreaterThan(2);
  expect(count).toBeLessThanOrEqual(50);
  expect(Math.max(...looks.values())).toBe(1);
});

test('a change is noticed at once, a removal and a return, too; the end of the watch ends it', async () => {
  const watcher = new FileWatcher();
  const file = `${folder}/flags.json`;
  writeFileSync(file, '1');
  let looks = 0;
  const end = watcher.watch(file, () => (looks += 1));
  writeFileSync(file, '2');
  await expect.poll(() => looks).toBeGreaterThan(0);
  rmSync(file);
  const before = looks;
  await expect.poll(() => looks).toBeGreaterThan(before);
  end();
  const after = looks;
  writeFileSync(file, '3');
  await setTimeout(700);
  expect(looks).toBe(after);
});
