// `npm run check`: runs every gate in turn, also after one has failed; it fails if any gate has.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const published = ['packages', 'apps']
  .flatMap((folder) => readdirSync(`${root}${folder}`).map((name) => `${folder}/${name}`))
  .filter((folder) => JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8')).private !== true);

const gates = [
  ['format', 'oxfmt', '--check', '.'],
  ['lint', 'oxlint', '--type-aware', '--deny-warnings', '.'],
  ['types of the packages', 'tsc', '-b'],
  ['types of the tests', 'tsc', '-p', 'test'],
  ['unused code', 'knip'],
  ...published.map((folder) => [`package ${folder}`, 'publint', '--strict', folder]),
  ...published.map((folder) => [
    `exported types of ${folder}`,
    'attw',
    // Libraries load as ES modules and as CommonJS; apps are ES modules.
    ...(folder.startsWith('packages/')
      ? // `--import` alone loads ./register.
        ['--exclude-entrypoints', './register', '--pack', folder]
      : ['--profile', 'esm-only', '--pack', folder]),
  ]),
];

if (!run('setup', process.execPath, 'scripts/setup.js')) process.exit(1);
const failed = gates.filter(([name, command, ...args]) => !run(name, 'npx', '--no', '--', command, ...args));
console.log(
  failed.length === 0 ? '\ncheck: clean' : `\ncheck: ${failed.map(([name]) => name).join(', ')} failed`,
);
process.exit(failed.length === 0 ? 0 : 1);

function run(name, command, ...args) {
  console.log(`\ncheck: ${name}`);
  return (
    spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' }).status ===
    0
  );
}
