// Brings Next.js into .graylane/next, with the dependencies of our packages beside it: an
// application of Next.js without its pages, which a test adds.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../.graylane/next', import.meta.url));
const dependencies = {
  '@openfeature/core': '^1.12.0',
  '@openfeature/server-sdk': '^1.23.0',
  '@opentelemetry/api': '^1.9.1',
  'eventsource-parser': '^3.1.1',
  next: '^16.4.6',
  react: '^19.0.0',
  'react-dom': '^19.0.0',
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
