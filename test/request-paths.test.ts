import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';

const page = readFileSync(new URL('../docs/architecture.md', import.meta.url), 'utf8');

/** The rows `| a kind of request | the most files |` of the page. */
const limits = [...page.matchAll(/^\| (an? [^|]+?) +\| +(\d+) \|$/gm)].map(
  ([, name = '', most = '']): [string, number] => [name, Number(most)],
);

describe('docs/architecture.md bounds the source files that run during', () => {
  let visited: Readonly<Record<string, readonly string[]>>;
  beforeAll(async () => {
    visited = { ...(await visitedBy('server')), ...(await visitedBy('service')) };
  });

  test.each(limits)('%s: at most %i', (name, most) => {
    const files = visited[name] ?? [];
    expect(files.length).toBeGreaterThan(10);
    expect(files.length, files.join('\n')).toBeLessThanOrEqual(most);
  });

  test('every kind of request that is measured', () => {
    expect(limits.map(([name]) => name).toSorted()).toEqual(Object.keys(visited).toSorted());
  });

  test('an OFREP request as the walk describes it', () => {
    const [walk = ''] = /^## An OFREP request$.*?(?=^## )/ms.exec(page) ?? [];
    const named = [...walk.matchAll(/`((?:packages|apps)\/[^`]+\.ts)`/g)].map(([, file = '']) => file);
    expect(named.length).toBeGreaterThan(10);
    expect(visited['an OFREP request']).toEqual(expect.arrayContaining(named));
  });
});

/** Runs a process of `test/support/request-paths` and returns what it reports. */
async function visitedBy(which: 'server' | 'service'): Promise<Record<string, readonly string[]>> {
  const script = fileURLToPath(new URL(`support/request-paths/${which}-process.ts`, import.meta.url));
  const child = fork(script, { execArgv: ['--conditions=@graylane/source', '--import', 'tsx'] });
  const exit = once(child, 'exit').then(([code]) => {
    throw new Error(`the process ended with ${code} before it reported`);
  });
  const [report] = (await Promise.race([once(child, 'message'), exit])) as [
    Record<string, readonly string[]>,
  ];
  exit.catch(() => {
    // It ends once it has reported.
  });
  return report;
}
