import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

test.each([
  [[], '--against needs a commit, e.g. --against v0.1.0'],
  [['no-such-commit'], 'there is no commit "no-such-commit" in this clone'],
])('npm run bench -- --against %j fails with the remedy', (args, message) => {
  const command = ['scripts/bench.js', '--against', ...args];
  const { status, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  expect(stderr).toBe(`bench: ${message}\n`);
  expect(status).toBe(1);
});
