// Brings the clients of Unleash and LaunchDarkly into .graylane/compared, for the examples of
// docs/compare.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../.graylane/compared', import.meta.url));
const dependencies = {
  '@launchdarkly/node-server-sdk': '^9.10.0',
  '@launchdarkly/openfeature-node-server': '^1.1.0',
  'unleash-client': '^6.6.0',
};

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
writeFileSync(
  `${folder}/package.json`,
  JSON.stringify({ private: true, type: 'module', dependencies }, null, 2),
);
const arguments_ = ['install', '--no-audit', '--no-fund', '--loglevel=error'];
const { status } = spawnSync('npm', arguments_, { cwd: folder, stdio: 'inherit' });
if (status !== 0) throw new Error(`"npm ${arguments_.join(' ')}" failed in ${folder}`);
