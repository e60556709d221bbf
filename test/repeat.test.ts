import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'graylane-repeat-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('npm test', () => {
  test('repeats the few files that failed, and states it', async () => {
    const { code, output } = await runCases({ GRAYLANE_REPEAT_MARK: join(folder, 'mark') });
    expect(output).toContain('1 test files failed; once more, alone: ');
    expect(output).toMatch(/PASSED ONLY WHEN REPEATED: \S*fails\.case\.ts/);
    expect(code).toBe(0);
  });

  test('fails where they fail again', async () => {
    const { code, output } = await runCases({});
    expect(output).toContain('once more, alone');
    expect(output).not.toContain('PASSED ONLY');
    expect(code).toBe(1);
  });

  test('repeats nothing where all files failed', async () => {
    const { code, output } = await runCases({}, 'fails');
    expect(output).not.toContain('once more');
    expect(code).toBe(1);
  });
});

async function runCases(
  env: NodeJS.ProcessEnv,
  ...filters: string[]
): Promise<{ readonly code: number | null; readonly output: string }> {
  const outer = Object.entries(process.env).filter(([name]) => !/^(?:VITEST|GRAYLANE_)/.test(name));
  const args = ['scripts/test.js', '--config=test/support/repeat/vitest.config.ts', ...filters];
  const child = spawn(process.execPath, args, { cwd: root, env: { ...Object.fromEntries(outer), ...env } });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [code, stdout, stderr] = await Promise.all([closed, text(child.stdout), text(child.stderr)]);
  return { code, output: stdout + stderr };
}
