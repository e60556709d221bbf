import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const execute = promisify(execFile);

/** A suite like ours that reads a file of its missing component while it is collected. */
const suite = `
import { readFileSync } from 'node:fs';
import { describeWith } from '../../test/components/components.ts';

const component = { id: 'absent', name: 'absent part', remedy: 'install it', available: () => false };
await describeWith(component, 'a suite', () => readFileSync('/nonexistent/file'));
`;

const config = `export default { test: { reporters: ['${root}test/support/skip-reporter.ts'] } };`;

describe('a suite whose component is missing', () => {
  let folder = '';
  beforeAll(() => {
    mkdirSync(`${root}.graylane`, { recursive: true });
    folder = mkdtempSync(`${root}.graylane/suite-`);
    writeFileSync(`${folder}/absent.test.ts`, suite);
    writeFileSync(`${folder}/vitest.config.js`, config);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is skipped with the remedy, and its body is never run', async () => {
    const { stdout } = await run('');
    expect(stdout).toContain('1 x skipped: no absent part (install it)');
    expect(stdout).toContain('0 passed, 0 failed, 1 skipped');
  });

  test.each(['absent', 'kafka,absent', 'all'])('fails where GRAYLANE_REQUIRE is %s', async (required) => {
    const failure = await run(required).catch((error: unknown) => error as { code: number; stdout: string });
    expect(failure).toMatchObject({ code: 1 });
    expect(failure.stdout).toContain('0 passed, 1 failed, 0 skipped');
  });

  async function run(required: string): Promise<{ stdout: string }> {
    const args = [`${root}node_modules/vitest/vitest.mjs`, 'run', '--root', folder];
    const env = { ...process.env, GRAYLANE_REQUIRE: required, NO_COLOR: '1' };
    return execute(process.execPath, args, { cwd: folder, env });
  }
});
