import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Makes the folder .graylane/NAME anew, a package with these dependencies installed. */
export function makeNpmFolder(name, dependencies) {
  const folder = fileURLToPath(new URL(`../../../.graylane/${name}`, import.meta.url));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    `${folder}/package.json`,
    JSON.stringify({ private: true, type: 'module', dependencies }, null, 2),
  );
  const words = ['install', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', words, { cwd: folder, stdio: 'inherit' });
  if (status !== 0) throw new Error(`"npm ${words.join(' ')}" failed in ${folder}`);
}
