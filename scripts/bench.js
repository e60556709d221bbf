// `npm run bench [-- --write] [name ...]`: runs the benchmarks of test/bench one after another,
// since they would disturb each other. With --write each one writes its figures to docs/benchmarks.
// `npm run bench -- --against COMMIT [name ...]` compares with an earlier commit instead.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { benchAgainst } from './bench-against.js';

const root = fileURLToPath(new URL('..', import.meta.url));
/** These compute with the figures that the others have written. */
const last = ['relay-model', 'summary'];
const all = readdirSync(`${root}test/bench`)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .toSorted((one, other) => last.indexOf(one) - last.indexOf(other));
const options = process.argv.slice(2);
const write = options.includes('--write');
const earlier = options.includes('--against') ? options[options.indexOf('--against') + 1] : undefined;
const wanted = options.filter((option) => !['--write', '--against', earlier].includes(option));
if (options.includes('--against')) process.exit(benchAgainst(earlier, wanted, write) ? 0 : 1);
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`bench: there is no benchmark "${unknown.join('", "')}". There are: ${all.join(', ')}`);
  process.exit(1);
}

// The summary shows the pages as they are now.
if (write && wanted.length > 0 && !wanted.includes('summary')) wanted.push('summary');
const failed = (wanted.length > 0 ? wanted : all).filter((name) => !run(name));
if (failed.length > 0) console.error(`bench: ${failed.join(', ')} failed`);
process.exit(failed.length === 0 ? 0 : 1);

function run(name) {
  console.log(`\nbench: ${name}`);
  // The packages are measured as they are published: built, not transformed on the way.
  const args = ['--expose-gc', '--import', 'tsx', `test/bench/${name}.ts`];
  const env = write ? { ...process.env, GRAYLANE_BENCH_WRITE: '1' } : process.env;
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env }).status === 0;
}
