import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataFolder } from '../../src/store/file/data-folder.ts';
import { storeOf } from '../../src/store/environments.ts';
import { toDocument, type Snapshot } from '../../src/model/document.ts';
import type { Revision } from '../../src/model/revision.ts';
import { fees } from '../support/serve.ts';

const quiet = { info: () => {}, warn: () => {} };
const folder = mkdtempSync(`${tmpdir()}/graylane-damage-`);
const flagsFile = `${folder}/environments/default/flags.json`;
const journalFile = `${folder}/environments/default/journal.jsonl`;
let newest: Snapshot;
let flags: Buffer;
let record: Buffer;
let journal: Buffer;

beforeAll(async () => {
  const data = await DataFolder.open({ folder, log: quiet });
  const store = storeOf(data, 'default');
  for (let n = 0; n < 6; n += 1) {
    const key = `flag-${n % 3}`;
    const value = { ...fees, metadata: { n } };
    await store.write(() => ({ author: 'test', edits: [{ path: ['flags', key], value }] }));
  }
  newest = store.snapshot;
  await data.close();
  flags = readFileSync(flagsFile);
  record = readFileSync(`${flagsFile}.record`);
  journal = readFileSync(journalFile);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('whatever the disk does to a folder, a server does not serve something wrong and call it right', () => {
  test('a flipped bit in the journal: the newest flags, or a refusal with the place', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(journal.length - 1), fc.nat(7), async (at, bit) => {
        const found = await openWith(flags, flipped(journal, at, bit));
        if (typeof found === 'string') expect(found).toMatch(/corrupt in line \d+/);
        else expect(toDocument(found.snapshot)).toEqual(toDocument(newest));
      }),
      { numRuns: 300 },
    );
  });

  test('a journal cut off anywhere: the newest flags, and a revision with the missing changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(journal.length), async (length) => {
        const found = await openWith(flags, journal.subarray(0, length));
        if (typeof found === 'string') {
          // Its last line lacks nothing but its end.
          expect(journal[length]).toBe(10);
          return;
        }
        expect(toDocument(found.snapshot)).toEqual(toDocument(newest));
        if (length < journal.length) expect(found.last?.author).toBe('file');
      }),
      { numRuns: 300 },
    );
  });

  test('a flipped bit in the flags file, or an end of it that is missing: the newest flags, or an edit by hand in the history', async () => {
    const damage = fc.oneof(
      fc.tuple(fc.nat(flags.length - 1), fc.nat(7)).map(([at, bit]) => flipped(flags, at, bit)),
      fc.nat(flags.length).map((length) => flags.subarray(0, length)),
    );
    await fc.assert(
      fc.asyncProperty(damage, async (bytes) => {
        const found = await openWith(bytes, journal);
        if (typeof found === 'string') throw new Error(found);
        const { revision } = found.snapshot;
        if (revision === newest.revision) expect(toDocument(found.snapshot)).toEqual(toDocument(newest));
        else expect(found.last).toMatchObject({ author: 'file', revision });
      }),
      { numRuns: 300 },
    );
  });
});

interface Found {
  readonly snapshot: Snapshot;
  readonly last: Revision | undefined;
}

/** The state of a server on these files, or the reason why it does not start. */
async function openWith(flagsBytes: Buffer, journalBytes: Buffer): Promise<Found | string> {
  writeFileSync(flagsFile, flagsBytes);
  writeFileSync(journalFile, journalBytes);
  writeFileSync(`${flagsFile}.record`, record);
  let data: DataFolder;
  try {
    data = await DataFolder.open({ folder, log: quiet });
  } catch (error) {
    return (error as Error).message;
  }
  const store = storeOf(data, 'default');
  const [last] = await store.history({ limit: 1 });
  await data.close();
  return { snapshot: store.snapshot, last };
}

function flipped(bytes: Buffer, at: number, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ (1 << bit);
  return copy;
}
