// Brings the newest Node and OpenTelemetry 3.x into .graylane/newest, with our packages as npm
// would install them, and the demo beside them.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = `${root}.graylane/newest`;

/**
 * OpenTelemetry 3.x and its instrumentations, and clients that need a newer Node or are tested
 * there; the rest of the demo's dependencies stay as they are. Exact versions, so that a release
 * elsewhere fails no run here: raise them to `latest` in a commit of its own.
 */
const newest = {
  '@opentelemetry/api': '1.10.0',
  '@opentelemetry/context-async-hooks': '3.1.1',
  '@opentelemetry/core': '3.1.1',
  '@opentelemetry/instrumentation': '0.301.1',
  '@opentelemetry/instrumentation-express': '0.72.0',
  '@opentelemetry/instrumentation-grpc': '0.300.0',
  '@opentelemetry/instrumentation-http': '0.301.0',
  '@opentelemetry/instrumentation-kafkajs': '0.33.0',
  '@opentelemetry/instrumentation-pino': '0.70.0',
  '@opentelemetry/instrumentation-undici': '0.34.0',
  '@opentelemetry/sdk-logs': '3.1.1',
  '@opentelemetry/sdk-metrics': '3.1.1',
  '@opentelemetry/sdk-node': '0.301.0',
  '@opentelemetry/sdk-trace': '3.1.1',
  '@datadog/pprof': '5.20.0',
  '@platformatic/kafka': '2.12.1',
  express4: 'npm:express@4.22.3',
  node: '26.10.0',
  undici: '8.13.1',
};

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const demo = JSON.parse(readFileSync(`${root}apps/demo/package.json`, 'utf8'));
const packed = Object.fromEntries(
  [
    'packages/flags',
    'packages/rollout',
    'packages/baggage',
    'packages/source',
    'packages/provider',
    'packages/telemetry',
    'apps/server',
  ].map((path) => [
    JSON.parse(readFileSync(`${root}${path}/package.json`, 'utf8')).name,
    `file:${pack(path)}`,
  ]),
);
writeFileSync(
  `${folder}/package.json`,
  JSON.stringify(
    { ...demo, dependencies: { ...demo.dependencies, ...newest, ...packed }, devDependencies: {} },
    null,
    2,
  ),
);
for (const part of ['bin', 'dist', 'proto', 'flags.json']) {
  cpSync(`${root}apps/demo/${part}`, `${folder}/${part}`, { recursive: true });
}
console.log('graylane: installing the newest Node and OpenTelemetry 3.x beside our packages ...');
run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], folder);
run(`${folder}/node_modules/.bin/node`, ['--version'], folder);

function pack(path) {
  run('npm', ['pack', '--silent', '--pack-destination', folder], `${root}${path}`);
  const newestFirst = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
  const name = JSON.parse(readFileSync(`${root}${path}/package.json`, 'utf8'))
    .name.replace('@', '')
    .replace('/', '-');
  return newestFirst.find((file) => file.startsWith(`${name}-`));
}

function run(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (status !== 0) throw new Error(`"${command} ${args.join(' ')}" failed in ${cwd}`);
}
