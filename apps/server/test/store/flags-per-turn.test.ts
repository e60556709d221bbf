import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Edit, ParsedDocument } from '../../src/model/document.ts';
import { storeOf } from '../../src/store/environments.ts';
import { DataFolder } from '../../src/store/file/data-folder.ts';
import type * as Slices from '../../src/time-slices.ts';

/*
 * A write of a segment or of metadata may concern every flag. Long work looks at the clock after
 * each step, and lets the event loop turn once its few milliseconds are over. Here they are over at
 * each look, so that the steps can be counted: how many flags does the server handle between two
 * turns?
 */
vi.mock('../../src/time-slices.ts', async (original) => {
  const real = await original<typeof Slices>();
  return {
    TimeSlices: class extends real.TimeSlices {
      override get over(): boolean {
        return true;
      }
    },
  };
});

const size = 40_000;
/** A step handles 16 flags; the work before and after it may read the same flags again. */
const most = 64;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-turns-`);
});
afterEach(() => rmSync(folder, { recursive: true }));

test(`with ${size} flags, a write that concerns all of them handles few at a time`, async () => {
  const turns = new Turns();
  const data = await DataFolder.open({ folder, log: { info: () => {}, warn: () => {} } });
  const store = storeOf(data, 'default');
  const document = (constant: string): ParsedDocument => ({
    flags: new Map(
      Array.from({ length: size }, (_, index) => {
        const condition = index % 2 === 0 ? { $ref: 'staff' } : { '==': [{ var: 'a' }, constant] };
        return [`flag-${index}`, turns.watch(`flag-${index}`, { if: [condition, 'on', 'off'] })];
      }),
    ),
    shared: { $evaluators: { staff: { '==': [1, 1] }, other: { '==': [1, 1] } } },
  });
  turns.start();
  await store.write(() => ({ author: 'test', document: document('b') }));
  const edits: readonly Edit[] = [
    { path: ['$evaluators', 'staff'], value: { '==': [1, 2] } },
    { path: ['$evaluators', 'other'], value: { '==': [1, 2] } },
    { path: ['metadata'], value: { team: 'shop' } },
    { path: ['$evaluators', 'other'], value: undefined },
  ];
  for (const edit of edits) await store.write(() => ({ author: 'test', edits: [edit] }));
  await store.write(() => ({ author: 'test', document: document('c') }));
  await data.close();
  turns.stop();
  expect(turns.all).toBeGreaterThanOrEqual(2 * size);
  expect(turns.atATime).toBeLessThanOrEqual(most);
});

/** Counts the flags whose rule is read between two turns of the event loop. */
class Turns {
  all = 0;
  atATime = 0;
  #reads = new Set<string>();
  #turn: ReturnType<typeof setImmediate> | undefined;

  /** A definition that notes when its rule is read. */
  watch(key: string, targeting: unknown): object {
    const definition = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
    const get = (): unknown => {
      this.#reads.add(key);
      return targeting;
    };
    return Object.defineProperty(definition, 'targeting', { enumerable: true, get });
  }

  start(): void {
    this.#reads.clear();
    this.#turn = setImmediate(() => this.#next());
  }

  stop(): void {
    clearImmediate(this.#turn);
    this.#note();
  }

  #next(): void {
    this.#note();
    this.#turn = setImmediate(() => this.#next());
  }

  #note(): void {
    this.all += this.#reads.size;
    this.atATime = Math.max(this.atATime, this.#reads.size);
    this.#reads.clear();
  }
}
