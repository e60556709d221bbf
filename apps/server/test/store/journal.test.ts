import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileSlots } from '../../src/store/disk/file-slots.ts';
import { Journal } from '../../src/store/journal/journal.ts';
import type { NewRevision } from '../../src/store/journal/revision-log.ts';
import { replay } from '../../src/store/journal/replay.ts';
import { TimeSlices } from '../../src/time-slices.ts';
import { verifyJournal } from '../../src/store/journal/verify.ts';

const quiet = { info: () => {}, warn: () => {} };
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-journal-`);
  file = `${folder}/journal.jsonl`;
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a journal', () => {
  test('has the document of every revision, and all of them add up', async () => {
    const journal = await open();
    for (let n = 1; n <= 503; n += 1) await append(journal, n);
    await journal.close();
    const again = await open();
    for (const n of [1, 250, 503]) {
      expect(await replay(again, n, new TimeSlices())).toEqual({ flags: new Map(), shared: { metadata: n } });
    }
    expect(again.head).toMatch(/\.503$/);
    expect(await verifyJournal(file, undefined)).toMatchObject({ revisions: 503, faults: [] });
  });

  test('reads the whole documents that journals of earlier versions have', async () => {
    const journal = await open();
    const document = { metadata: { version: '7' }, flags: { fees: {} } };
    const changes = [{ path: ['metadata'] as const, after: { version: '6' } }];
    await journal.append({ author: 'test', changes, document } as NewRevision);
    const { flags, ...shared } = document;
    expect(await replay(journal, 1, new TimeSlices())).toEqual({
      flags: new Map(Object.entries(flags)),
      shared,
    });
  });

  test('opens its file only to read or write it', async () => {
    const journal = await open();
    await append(journal, 1);
    const links = readdirSync('/proc/self/fd').map((fd) => readlink(`/proc/self/fd/${fd}`));
    expect(links).not.toContain(file);
  });

  test('can be checked with any SHA-256: each hash is that of the one before, a space, and the JSON', async () => {
    const journal = await open();
    for (let n = 1; n <= 3; n += 1) await append(journal, n);
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
    for (let n = 1; n <= 3; n += 1) await append(journal, n);
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
    expect(faults).toEqual(['line 3: $.metadata does not begin with the value of the revision before']);
  });

  test('of a later version is not read as if it were of this one', async () => {
    const json = '{"n":1,"format":2}';
    const hash = createHash('sha256')
      .update(`${'0'.repeat(64)} ${json}`)
      .digest('hex');
    writeFileSync(file, `${hash} ${json}\n`);
    await expect(open()).rejects.toThrow('by a later version: upgrade this server');
  });
});

function open(): Promise<Journal> {
  return Journal.open({ file, log: quiet, slots: new FileSlots(), isHeld: () => Promise.resolve(true) });
}

async function append(journal: Journal, n: number): Promise<void> {
  const values = n > 1 ? { before: n - 1, after: n } : { after: n };
  await journal.append({ author: 'test', changes: [{ path: ['metadata'], ...values }] });
}

function readlink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
