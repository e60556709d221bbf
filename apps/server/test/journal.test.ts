import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FlagDocument } from '../src/store/flag-store.ts';
import { Journal } from '../src/store/journal/journal.ts';
import { verifyJournal } from '../src/store/journal/verify.ts';

const quiet = { info: () => {}, warn: () => {} };
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-journal-`);
  file = `${folder}/journal.jsonl`;
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a journal', () => {
  test('has the document again after more revisions than it replays, and all of them add up', async () => {
    const journal = await open();
    let document: FlagDocument = { flags: {} };
    for (let n = 1; n <= 503; n += 1) document = await append(journal, document, n);
    expect(await journal.replay()).toEqual(document);
    await journal.close();
    const again = await open();
    expect(await again.replay()).toEqual(document);
    expect(again.head).toMatch(/\.503$/);
    await again.close();
    const lines = readFileSync(file, 'utf8').split('\n');
    expect(lines.filter((line) => line.includes('"document":'))).toHaveLength(1);
    expect(await verifyJournal(file, undefined)).toMatchObject({ revisions: 503, faults: [] });
  });

  test('can be checked with any SHA-256: each hash is that of the one before, a space, and the JSON', async () => {
    const journal = await open();
    let document: FlagDocument = { flags: {} };
    for (let n = 1; n <= 3; n += 1) document = await append(journal, document, n);
    await journal.close();
    let previous = '0'.repeat(64);
    for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) {
      const [hash, json] = [line.slice(0, 64), line.slice(65)];
      expect(createHash('sha256').update(`${previous} ${json}`).digest('hex')).toBe(hash);
      previous = hash;
    }
  });

  test('that was forged as a whole must still add up', async () => {
    const journal = await open();
    let document: FlagDocument = { flags: {} };
    for (let n = 1; n <= 3; n += 1) document = await append(journal, document, n);
    await journal.close();
    let previous = '0'.repeat(64);
    const forged = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line, index) => {
        const json = index === 1 ? line.slice(65).replace('"after":2', '"after":7') : line.slice(65);
        previous = createHash('sha256').update(`${previous} ${json}`).digest('hex');
        return `${previous} ${json}\n`;
      });
    writeFileSync(file, forged.join(''));
    const { faults } = await verifyJournal(file, undefined);
    expect(faults).toEqual(['line 3: $.metadata was something else before']);
  });

  test('of a later version is not read as if it were of this one', async () => {
    const json = '{"n":1,"format":2}';
    const hash = createHash('sha256')
      .update(`${'0'.repeat(64)} ${json}`)
      .digest('hex');
    writeFileSync(file, `${hash} ${json}\n`);
    await expect(open()).rejects.toThrow('of another version: upgrade this server');
  });
});

function open(): Promise<Journal> {
  return Journal.open({ file, log: quiet, isHeld: () => Promise.resolve(true) });
}

async function append(journal: Journal, before: FlagDocument, n: number): Promise<FlagDocument> {
  const document = { ...before, metadata: n };
  const values = 'metadata' in before ? { before: before['metadata'], after: n } : { after: n };
  const changes = [{ path: ['metadata'] as const, ...values }];
  await journal.append({ author: 'test', changes, document, text: JSON.stringify(document) });
  return document;
}
