import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Figure {
  readonly question: string;
  readonly row: string;
  readonly contender: string;
  readonly unit: string;
  readonly ratio: number;
}

interface Reason {
  readonly benchmark: RegExp;
  readonly question: RegExp;
  readonly contender: string;
  readonly why: string;
}

interface Report {
  compareRuns(
    this: void,
    name: string,
    runs: readonly { readonly side: 'before' | 'now'; readonly figures: readonly Figure[] }[],
  ): readonly object[];
  pageOf(
    this: void,
    comparison: { rows: readonly object[]; failed: string[]; earlier: string; reasons: readonly Reason[] },
  ): string;
}

const script = new URL('../scripts/bench-report.js', import.meta.url).href;
const { compareRuns, pageOf } = (await import(script)) as Report;

test.each([
  [[], '--against needs a commit, e.g. --against v0.1.0'],
  [['no-such-commit'], 'there is no commit "no-such-commit" in this clone'],
])('npm run bench -- --against %j fails with the remedy', (args, message) => {
  const command = ['scripts/bench.js', '--against', ...args];
  const { status, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  expect(stderr).toBe(`bench: ${message}\n`);
  expect(status).toBe(1);
});

describe('a row counts as worse', () => {
  const question = 'What does it cost?';
  /** The row of six runs in turn, whose ratios these are. */
  const rowOf = (before: readonly number[], now: readonly number[], unit = 'ns'): object => {
    const runs = [before, now].flatMap((ratios, index) =>
      ratios.map((ratio) => ({
        side: index === 0 ? ('before' as const) : ('now' as const),
        figures: [
          { question, row: 'one', contender: 'peer', unit, ratio: 1 },
          { question, row: 'one', contender: 'graylane', unit, ratio },
        ],
      })),
    );
    const rows = compareRuns('baggage', runs);
    expect(rows).toHaveLength(1);
    return rows[0] ?? {};
  };
  const worseIn = (row: object, reasons: readonly Reason[] = []): string => {
    const page = pageOf({ rows: [row], failed: [], earlier: 'f35fb83', reasons });
    return /^## Worse$(.*)^## All$/ms.exec(page)?.[1]?.trim() ?? '';
  };

  test('beyond 5 % and beyond the noise of either side, by the medians', () => {
    expect(worseIn(rowOf([1, 1, 1.04], [1.06, 1.06, 1.09]))).toContain('| 1 | 1.06 | 6 % | 4 % |');
    expect(worseIn(rowOf([2, 2, 2], [2.08, 2.08, 2.08]))).toBe('None.');
    expect(worseIn(rowOf([2, 2, 2.3], [2.2, 2.2, 2.2]))).toBe('None.');
    expect(worseIn(rowOf([2, 2, 2.02], [2.2, 2.2, 2.2]))).toContain('| graylane | 2 | 2.2 | 10 % | 1 % |');
  });

  test('where a rate is lower, not higher', () => {
    expect(worseIn(rowOf([2, 2, 2], [3, 3, 3], 'requests/s'))).toBe('None.');
    expect(worseIn(rowOf([2, 2, 2], [1, 1, 1], 'requests/s'))).toContain('| 2 | 1 | 100 % | 0 % |');
  });

  test('without a reason that is not its own', () => {
    const row = rowOf([2, 2, 2], [3, 3, 3]);
    const reason = { benchmark: /^baggage$/, question: /cost/, contender: 'graylane', why: 'more work' };
    expect(worseIn(row, [reason])).toContain('| more work |');
    for (const other of [{ benchmark: /^http$/ }, { question: /memory/ }, { contender: 'floor' }])
      expect(worseIn(row, [{ ...reason, ...other }])).toContain('| **not explained** |');
  });
});
