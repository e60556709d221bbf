// Installs what users have into .graylane/consumers: compilers, test runners, bundlers, and the
// peers of our packages. The tests of test/packages unpack our tarballs beside them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = `${root}.graylane/consumers`;

/** Each is a folder of its own: npm can't install two of a kind side by side. */
const projects = {
  '.': {
    '@grpc/grpc-js': '^1.14.0',
    '@openfeature/core': '^1.12.0',
    '@openfeature/server-sdk': '^1.23.0',
    '@opentelemetry/api': '^1.9.0',
    '@opentelemetry/core': '^2.12.0',
    '@types/express': '^5.0.0',
    '@types/node': '^20.19.0',
    esbuild: '^0.28.0',
    'eventsource-parser': '^3.1.1',
    express: '^5.0.0',
    kafkajs: '^2.2.4',
    'typescript-5.2': 'npm:typescript@~5.2.2',
    'typescript-5.9': 'npm:typescript@~5.9.3',
    'typescript-6': 'npm:typescript@~6.0.2',
    'typescript-7': 'npm:typescript@~7.0.2',
    undici: '^7.0.0',
    vitest: '~4.1.12',
    webpack: '^5.100.0',
  },
  express4: { express: '^4.22.0', '@types/express': '^4.17.25' },
  jest29: { ...jest('^29.7.0'), '@types/jest': '^29.5.0' },
  jest30: { ...jest('^30.0.0'), '@types/jest': '^30.0.0' },
};

rmSync(folder, { recursive: true, force: true });
for (const [name, dependencies] of Object.entries(projects)) {
  const place = `${folder}/${name}`;
  mkdirSync(place, { recursive: true });
  writeFileSync(`${place}/package.json`, JSON.stringify({ private: true, dependencies }, null, 2));
}
for (const name of Object.keys(projects)) {
  console.log(`consumers: installing ${name === '.' ? 'compilers, bundlers and peers' : name} ...`);
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], `${folder}/${name}`);
}

function jest(version) {
  return {
    '@babel/core': '^7.28.0',
    '@babel/preset-env': '^7.28.0',
    'babel-jest': version,
    jest: version,
    'ts-jest': '^29.4.0',
    typescript: '~5.9.3',
  };
}

function run(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (status !== 0) throw new Error(`"${command} ${args.join(' ')}" failed in ${cwd}`);
}
