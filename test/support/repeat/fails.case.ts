import { existsSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** The file that marks a run; without it, each run is the first. */
const mark = process.env['GRAYLANE_REPEAT_MARK'];

test('fails in the first run', () => {
  const isRepeated = mark !== undefined && existsSync(mark);
  if (mark !== undefined) writeFileSync(mark, '');
  expect(isRepeated).toBe(true);
});
