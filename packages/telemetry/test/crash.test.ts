import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CrashFiles } from '../src/crash/crash-files.ts';
import { NearHeapLimit } from '../src/crash/near-heap-limit.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'graylane-crash-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs a program that leaks until V8 ends it, and returns what it has printed. */
async function leak(program: string): Promise<string> {
  const child = spawn(
    process.execPath,
    [
      '--max-old-space-size=64',
      '--conditions=@graylane/source',
      '--import',
      'tsx',
      '--input-type=module',
      '--eval',
      `import { managementServer } from '@graylane/telemetry/management';
       const server = managementServer({ port: 0, crash: { folder: ${JSON.stringify(folder)} } });
       await server.listening;
       const leaked = [];
       ${program}`,
    ],
    {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      env: { ...process.env, SECRET: 'do-not-write' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect(code).not.toBe(0);
  return stderr;
}

describe('before the heap is full', () => {
  test('a leak leaves a heap profile that names it, and a report without the environment', async () => {
    const stderr = await leak(`
      function leakHere() { return Array.from({ length: 4000 }, (_, index) => ({ index })); }
      const { readdirSync } = await import('node:fs');
      let turns = 0;
      setInterval(() => {
        // Near the limit it leaks slowly, so that a machine under load can write the files in time.
        const isSlow = process.memoryUsage().heapUsed > 46e6 && readdirSync(${JSON.stringify(folder)}).length < 2;
        if (!isSlow || ++turns % 4 === 0) leaked.push(leakHere());
        else Array.from({ length: 10_000 }, (_, index) => ({ index }));
      }, 25);`);
    expect(stderr).toMatch(/the heap is at \d+ % of its limit; wrote .*report\.json and .*heapprofile/);
    const files = readdirSync(folder).filter((name) => !name.includes('fatal'));
    expect(files).toHaveLength(2);
    const read = (ending: string): string =>
      readFileSync(join(folder, files.find((name) => name.endsWith(ending)) ?? ''), 'utf8');
    expect(read('.heapprofile')).toContain('"leakHere"');
    expect(read('.report.json')).toContain('javascriptHeap');
    expect(read('.report.json')).not.toContain('do-not-write');
    expect(statSync(join(folder, files[0] ?? '')).mode & 0o077).toBe(0);
  });

  test('a loop that never yields leaves the report of Node', async () => {
    await leak('for (;;) leaked.push({ at: leaked.length });');
    const report = JSON.parse(readFileSync(join(folder, 'graylane-fatal-error.json'), 'utf8')) as {
      header: { event: string };
    };
    expect(report.header.event).toMatch(/heap|memory/i);
  });
});

describe('the files', () => {
  test('are bounded in number, and others in the folder stay', () => {
    writeFileSync(join(folder, 'graylane.txt'), 'mine');
    const files = new CrashFiles(folder, 3);
    const paths = Array.from({ length: 7 }, (_, index) => {
      const path = files.write('report.json', String(index));
      const until = Date.now();
      while (Date.now() === until);
      return path;
    });
    const left = readdirSync(folder);
    expect(left).toContain('graylane.txt');
    expect(left).toHaveLength(4);
    expect(left).toContain(paths.at(-1)?.slice(folder.length + 1));
  });

  test('are written once, until the heap has been small again', async () => {
    const lines: string[] = [];
    const limit = new NearHeapLimit(new CrashFiles(folder), undefined, (line) => lines.push(line));
    for (const used of [50, 76, 90, 70, 90, 50, 76]) await limit.check({ usedBytes: used, limitBytes: 100 });
    expect(lines.map((line) => /at (\d+) %/.exec(line)?.[1])).toEqual(['76', '76']);
  });

  test('that can not be written are logged, and the application runs on', async () => {
    const lines: string[] = [];
    const limit = new NearHeapLimit(new CrashFiles(folder), undefined, (line) => lines.push(line));
    rmSync(folder, { recursive: true });
    await limit.check({ usedBytes: 90, limitBytes: 100 });
    expect(lines[0]).toContain('nothing could be written: Error: ENOENT');
    mkdirSync(folder);
  });
});
