import { compileFlags, evaluate } from '@graylane/flags';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  applyGoRules,
  goClient,
  javaClient,
  pythonClient,
  rustClient,
  type BucketClient,
} from '../components/clients/bucket-clients.ts';
import { describeWith } from '../components/components.ts';

const flag = { state: 'ENABLED', variants: { a: 'a', b: 'b', c: 'c' }, defaultVariant: 'a' };
const document = {
  flags: {
    keyed: {
      ...flag,
      targeting: { fractional: [{ var: 'targetingKey' }, ['a', 5], ['b', 25], ['c', 70]] },
    },
    seeded: {
      ...flag,
      targeting: {
        fractional: [
          ['a', 1],
          ['b', 1],
          ['c', 1],
        ],
      },
    },
  },
};
const prefixes = ['user-', 'zoë-', '李雷-', '🦊-', ''];
const lines = Array.from(
  { length: 5000 },
  (_, index) => `${index % 2 === 0 ? 'keyed' : 'seeded'} ${prefixes[index % prefixes.length]}${index}`,
);

let folder: string;
let files: [flags: string, lines: string];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'graylane-buckets-'));
  files = [join(folder, 'flags.json'), join(folder, 'lines.txt')];
  writeFileSync(files[0], JSON.stringify(document));
  writeFileSync(files[1], `${lines.join('\n')}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const versions = ['v1', 'v2', 'v3'] as const;

/** The table of docs/evaluation.md. */
const clients: ReadonlyArray<readonly [BucketClient, (typeof versions)[number]]> = [
  [javaClient, 'v1'],
  [goClient, 'v2'],
  [pythonClient, 'v3'],
  [rustClient, 'v3'],
];

for (const [client, agreeing] of clients) {
  await describeWith(client.component, `${client.component.name}, with 5,000 keys of any script`, () => {
    test(`has the buckets of "fractionalHash": "${agreeing}", and of no other version`, async () => {
      const theirs = await client.evaluate(...files);
      expect(theirs).toHaveLength(lines.length);
      for (const version of versions) {
        const different = ours(version).filter((value, index) => value !== theirs[index]).length;
        if (version === agreeing) expect(different).toBe(0);
        else expect(different).toBeGreaterThan(1000);
      }
    });
  });
}

await describeWith(goClient.component, "flagd's Go library", () => {
  const age = { var: 'age' };
  // A rule, its data, our result, and that of the library: docs/evaluation.md lists the
  // differences.
  const cases: ReadonlyArray<readonly [rule: object, data: object, ours: unknown, theirs: string]> = [
    [{ missing: ['name'] }, { name: '' }, [], '[]'],
    [{ missing: ['name'] }, { name: null }, ['name'], '["name"]'],
    [{ missing_some: [1, ['name', 'age']] }, { name: '' }, [], '[]'],
    [{ '<=': [0, age, 39] }, {}, true, 'false'],
    [{ '<=': [0, age] }, {}, true, 'false'],
    [{ '>=': [age, 0] }, {}, true, 'false'],
    [{ '<': [-1, age, 39] }, {}, true, 'true'],
    [{ '<=': [age, 39] }, {}, true, 'true'],
    [{ '<=': [0, age, 39] }, { age: 7 }, true, 'true'],
    [{ substr: ['abc', 7] }, {}, '', '"abc"'],
  ];

  test('agrees, but for the differences that are documented', async () => {
    const file = join(folder, 'cases.json');
    writeFileSync(file, JSON.stringify(cases.map(([rule, data]) => [rule, data])));
    expect(await applyGoRules(file)).toEqual(cases.map(([, , , theirs]) => theirs));
    for (const [rule, data, result] of cases) {
      const targeting = { if: [{ '==': [{ cat: [rule] }, { cat: [result] }] }, 'b', 'c'] };
      const flags = compileFlags({ flags: { f: { ...flag, targeting } } });
      expect(`${JSON.stringify(rule)}: ${evaluate(flags, 'f', { ...data }).variant}`).toBe(
        `${JSON.stringify(rule)}: b`,
      );
    }
  });
});

function ours(fractionalHash: (typeof versions)[number]): unknown[] {
  const flags = compileFlags({ ...document, metadata: { fractionalHash } });
  return lines.map((line) => {
    const [key = '', targetingKey = ''] = line.split(' ');
    return evaluate(flags, key, { targetingKey }).value;
  });
}
