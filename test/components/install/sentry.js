// Brings Sentry's SDK into .graylane/sentry, with undici and the API of OpenTelemetry beside it:
// what a service of Sentry's users has.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../.graylane/sentry', import.meta.url));
const dependencies = { '@opentelemetry/api': '^1.9.1', '@sentry/node': '^11.12.0', undici: '^7.30.2' };

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
writeFileSync(
  `${folder}/package.json`,
  JSON.stringify({ private: true, type: 'module', dependencies }, null, 2),
);
const arguments_ = ['install', '--no-audit', '--no-fund', '--loglevel=error'];
const { status } = spawnSync('npm', arguments_, { cwd: folder, stdio: 'inherit' });
if (status !== 0) throw new Error(`"npm ${arguments_.join(' ')}" failed in ${folder}`);
