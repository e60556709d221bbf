// Runs the tests. If few of the files fail, they run once more, alone: a machine that stands still
// for a minute fails no run, and a fault fails both times.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const mostFiles = 3;
const folder = mkdtempSync(join(tmpdir(), 'graylane-test-'));
const list = join(folder, 'failed.json');
try {
  process.exitCode = run(process.argv.slice(2));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(args) {
  const status = vitest(args, { GRAYLANE_FAILED_FILES: list });
  const files = status === 0 ? [] : failedFiles();
  if (files.length === 0 || files.length > mostFiles) return status;
  console.log(`\ngraylane: ${files.length} test files failed; once more, alone: ${files.join(' ')}\n`);
  const repeated = vitest([...args.filter((arg) => arg.startsWith('-')), ...files], {});
  if (repeated === 0) console.log(`\ngraylane: PASSED ONLY WHEN REPEATED: ${files.join(' ')}`);
  return repeated;
}

function vitest(args, env) {
  const command = join(root, 'node_modules/vitest/vitest.mjs');
  const { status } = spawnSync(process.execPath, [command, 'run', ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return status ?? 1;
}

/** The files that the reporter listed: none if all failed, or something beside tests did. */
function failedFiles() {
  try {
    return JSON.parse(readFileSync(list, 'utf8'));
  } catch {
    return [];
  }
}
