// Runs the benchmarks of an earlier commit against its own packages and against those of now, in
// turn and three times each. A difference between runs of one side is noise.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { commits } from './bench-commits.js';
import { compareRuns, pageOf } from './bench-report.js';

const root = fileURLToPath(new URL('..', import.meta.url));
/** The benchmarks of that commit, where they find the packages of now. */
const visitors = `${root}.before/`;
/** A file of the tree that a benchmark imports or runs; folders stand for all their files. */
const reference = /(?<=['"]\.\.\/\.\.\/)(?:packages|apps)\/[\w./-]+/g;
const turns = ['before', 'now', 'now', 'before', 'before', 'now'];

/**
 * Compares with the commit, prints each row, and with `write` puts them into
 * docs/benchmarks/before-and-after.md. Returns whether all benchmarks ran.
 */
export function benchAgainst(commit, wanted, write) {
  if (commit === undefined) return fail('--against needs a commit, e.g. --against v0.1.0');
  const found = spawnSync('git', ['rev-parse', '--short', '--verify', `${commit}^{commit}`], { cwd: root });
  if (found.status !== 0) return fail(`there is no commit "${commit}" in this clone`);
  const earlier = String(found.stdout).trim();
  const known = Object.entries(commits).find(([start]) => earlier.startsWith(start))?.[1];
  const before = prepare(earlier, known?.sameWork ?? []);
  const all = readdirSync(`${before}test/bench`).map((file) => file.replace(/\.ts$/, ''));
  const unknown = wanted.filter((name) => !all.includes(name));
  if (unknown.length > 0)
    return fail(`${earlier} has no benchmark ${unknown.join(', ')}; it has ${all.join(', ')}`);
  const rows = [];
  const failed = [];
  const moved = bringMoved(before);
  try {
    for (const name of wanted.length > 0 ? wanted : all) {
      const runs = turns.map((side) => ({ side, figures: run(name, side, before) }));
      if (runs.some(({ figures }) => figures === undefined)) failed.push(name);
      else rows.push(...compareRuns(name, runs));
    }
  } finally {
    for (const path of [visitors, ...moved]) rmSync(path, { recursive: true, force: true });
  }
  const page = pageOf({ rows, failed, earlier, reasons: known?.reasons ?? [] });
  console.log(`\n${page}`);
  if (write) {
    const file = `${root}docs/benchmarks/before-and-after.md`;
    writeFileSync(file, `${page}\n`);
    execFileSync('npx', ['--no', '--', 'oxfmt', file], { cwd: root });
  }
  return failed.length === 0;
}

/** The earlier commit, built, in .graylane; its benchmarks also beside the packages of now. */
function prepare(earlier, sameWork) {
  const folder = `${root}.graylane/against/${earlier}/`;
  if (!existsSync(`${folder}node_modules`)) {
    console.log(`bench: building ${earlier} ...`);
    // It may be a build that was interrupted.
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    execFileSync('bash', ['-c', `git archive ${earlier} | tar -x -C "$1"`, 'bash', folder], { cwd: root });
    symlinkSync(`${root}.graylane`, `${folder}.graylane`);
    execFileSync(process.execPath, ['scripts/setup.js'], { cwd: folder, stdio: 'inherit' });
  }
  rmSync(visitors, { recursive: true, force: true });
  cpSync(`${folder}test`, visitors, { recursive: true });
  for (const place of [`${folder}test/`, visitors]) {
    cpSync(`${root}test/support/bench.ts`, `${place}support/bench.ts`);
  }
  for (const { benchmark, before, now } of sameWork) {
    const file = `${visitors}bench/${benchmark}.ts`;
    if (existsSync(file)) writeFileSync(file, readFileSync(file, 'utf8').replaceAll(before, now));
  }
  return folder;
}

/** Copies what the earlier benchmarks use and this tree has no more. Returns the copies. */
function bringMoved(before) {
  const bench = readdirSync(`${before}test/bench`).map((file) => `${before}test/bench/${file}`);
  const support = readdirSync(`${before}test/support`).map((file) => `${before}test/support/${file}`);
  const texts = [...bench, ...support]
    .filter((file) => /\.[jt]s$/.test(file))
    .map((file) => readFileSync(file, 'utf8'));
  const used = new Set(texts.flatMap((text) => text.match(reference) ?? []));
  const copies = [];
  for (const path of used) {
    const [from, to] = [`${before}${path}`, `${root}${path}`];
    if (!existsSync(from)) continue;
    const files = statSync(from).isDirectory()
      ? readdirSync(from, { recursive: true, encoding: 'utf8' }).map((name) => `/${name}`)
      : [''];
    for (const file of files.filter((name) => !existsSync(`${to}${name}`))) {
      cpSync(`${from}${file}`, `${to}${file}`, { recursive: true });
      copies.push(`${to}${file}`);
    }
  }
  return copies;
}

/** The figures of one run; undefined if it failed. */
function run(name, side, before) {
  console.log(`\nbench: ${name}, ${side}`);
  const [cwd, folder] = side === 'before' ? [before, 'test'] : [root, '.before'];
  const list = `${root}.graylane/against/figures.json`;
  rmSync(list, { force: true });
  const args = ['--expose-gc', '--import', 'tsx', `${folder}/bench/${name}.ts`];
  const env = { ...process.env, GRAYLANE_BENCH_FIGURES: list };
  const { status } = spawnSync(process.execPath, args, { cwd, stdio: 'inherit', env });
  return status === 0 && existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : undefined;
}

function fail(message) {
  console.error(`bench: ${message}`);
  return false;
}
