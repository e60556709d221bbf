import { expect, test } from 'vitest';
import { MemoryLog } from '../../src/store/journal/memory-log.ts';

/**
 * The numbers of the revisions that are kept, the newest first, after so many changes of such a
 * size.
 */
async function keptOf(changes: number, characters: number): Promise<readonly number[]> {
  const log = new MemoryLog();
  for (let number = 1; number <= changes; number += 1) {
    await log.append({
      author: 'test',
      changes: [{ path: ['flags', 'large'], after: 'x'.repeat(characters) }],
    });
  }
  const page = await log.page({ limit: changes });
  return page.map(({ revision }) => Number(revision.split('.').at(-1)));
}

test('keeps the last 1,000 revisions', async () => {
  const kept = await keptOf(1010, 1);
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([1000, 1010, 11]);
});

test('keeps no more than 16 MiB of them', async () => {
  expect(await keptOf(6, 5_000_000)).toEqual([6, 5, 4]);
});

test('keeps the newest one, however large', async () => {
  expect(await keptOf(2, 17_000_000)).toEqual([2]);
});
