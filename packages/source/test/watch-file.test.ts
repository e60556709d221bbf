import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { watchFile } from '@graylane/source';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inbox, type Inbox } from '../../../test/support/inbox.ts';

let folder: string;
let file: string;
let heard: Inbox<string>;
let unwatch: () => void;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-watch-`);
  file = `${folder}/flags.json`;
  heard = inbox<string>();
});

afterEach(() => {
  unwatch();
  rmSync(folder, { recursive: true });
});

test('reports what was written, moved into place, and written again after it was gone', async () => {
  writeFileSync(file, 'one');
  watch('one');
  writeFileSync(file, 'two');
  await heard.take(1);
  writeFileSync(`${folder}/new`, 'three');
  renameSync(`${folder}/new`, file);
  await heard.take(2);
  rmSync(file);
  await heard.take(3);
  writeFileSync(file, 'three');
  await heard.take(4);
  expect(heard.all).toEqual(['two', 'three', 'unreadable: ENOENT', 'three']);
});

test('follows the link that Kubernetes swaps when a mounted ConfigMap changes', async () => {
  for (const version of ['v1', 'v2']) {
    mkdirSync(`${folder}/${version}`);
    writeFileSync(`${folder}/${version}/flags.json`, version);
  }
  symlinkSync('v1', `${folder}/..data`);
  symlinkSync('..data/flags.json', file);
  watch('v1');
  symlinkSync('v2', `${folder}/..data_tmp`);
  renameSync(`${folder}/..data_tmp`, `${folder}/..data`);
  await heard.take(1);
  expect(heard.all).toEqual(['v2']);
});

function watch(known: string): void {
  unwatch = watchFile(file, known, {
    changed: (text) => heard.put(text),
    unreadable: (error) => heard.put(`unreadable: ${String((error as NodeJS.ErrnoException).code)}`),
  });
}
