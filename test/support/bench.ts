import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** One of the compared programs; one `sample` a round, in the unit of the comparison. */
export interface Contender {
  readonly name: string;
  sample(): number | Promise<number>;
}

/** Contenders that do the same work. The first one is the baseline of the ratios. */
export interface Row {
  readonly name: string;
  readonly contenders: readonly [Contender, ...Contender[]];
}

/** The question of a benchmark, and its rows. */
export interface Comparison {
  readonly question: string;
  /** Of a sample: `ns`, `ms`, `KB`, `requests/s`. */
  readonly unit: string;
  readonly rows: readonly Row[];
  /** How often each contender is measured; in turn, in an order that changes. Default: 15. */
  readonly rounds?: number;
  /** Packages whose versions are part of the result. */
  readonly peers?: readonly string[];
  /** A note for readers of the table. */
  readonly note?: string;
}

const reports: string[] = [];

/** One contender of one row, as `npm run bench -- --against` reads it. */
interface Figure {
  readonly question: string;
  readonly row: string;
  readonly contender: string;
  readonly unit: string;
  /** The median of the ratios to the baseline of the row. */
  readonly ratio: number;
}

const figures: Figure[] = [];

/**
 * Measures the contenders of each row side by side and prints the medians, and the median of the
 * ratios to the row's baseline within a round: what slows the machine down for a while slows both.
 * `npm run bench -- --write` also writes `docs/benchmarks/<name>.md`.
 */
export async function compare({
  question,
  unit,
  rows,
  rounds = 15,
  peers = [],
  note,
}: Comparison): Promise<void> {
  console.log(`\n${question}`);
  const lines = [`| | contender | median, ${unit} | x baseline |`, '| --- | --- | ---: | ---: |'];
  for (const { name, contenders } of rows) {
    const samples = new Map(contenders.map((contender) => [contender, [] as number[]]));
    for (let round = 0; round <= rounds; round += 1) {
      for (const contender of inTurn(contenders, round)) {
        const sample = await contender.sample();
        // The first round warms up.
        if (round > 0) samples.get(contender)?.push(sample);
      }
      progress(`${name}: round ${round} of ${rounds}`);
    }
    progress('');
    const [baseline] = contenders;
    const base = samples.get(baseline) ?? [];
    for (const contender of contenders) {
      const own = samples.get(contender) ?? [];
      const ratio = median(own.map((sample, index) => sample / (base[index] ?? Number.NaN)));
      figures.push({ question, row: name, contender: contender.name, unit, ratio });
      lines.push(`| ${name} | ${contender.name} | ${figure(median(own))} | ${figure(ratio)} |`);
      console.log(
        `  ${name.padEnd(28)} ${contender.name.padEnd(34)} ${figure(median(own)).padStart(9)} ${unit}  x ${figure(ratio)}`,
      );
    }
  }
  const versions = [
    `Node ${process.versions.node}`,
    ...peers.map((peer) => `${peer} ${versionOf(peer)}`),
  ].join(', ');
  console.log(`  (${rounds} rounds; ${versions}; ${availableParallelism()} cores)`);
  reports.push(
    [`## ${question}`, ...(note ? [note] : []), lines.join('\n'), `${rounds} rounds. ${versions}.`].join(
      '\n\n',
    ),
  );
  const list = process.env['GRAYLANE_BENCH_FIGURES'];
  if (list) writeFileSync(list, JSON.stringify(figures));
  if (process.env['GRAYLANE_BENCH_WRITE']) write();
}

/** Adds a section to the page that has no contenders, e.g. of a profile. */
export function addSection(question: string, note: string, table: readonly string[]): void {
  console.log(`\n${question}\n${table.join('\n')}`);
  reports.push([`## ${question}`, note, table.join('\n')].join('\n\n'));
  if (process.env['GRAYLANE_BENCH_WRITE']) write();
}

/**
 * A contender whose samples are nanoseconds of one call, taken over batches long enough to measure.
 */
export function timed(name: string, operation: () => unknown): Contender {
  return inBatches(name, (batch) => time(operation, batch));
}

/**
 * The same for an operation on a fresh object: each call gets the object that `make` made while the
 * clock stood.
 */
export function timedOnNew<T>(name: string, make: () => T, operation: (made: T) => unknown): Contender {
  return inBatches(name, (batch) => {
    let elapsed = 0;
    for (let done = 0; done < batch; done += handful) {
      const made = Array.from({ length: Math.min(handful, batch - done) }, make);
      elapsed += timeOn(operation, made);
    }
    return elapsed;
  });
}

/** The same for an operation that returns a promise: one call after another, each awaited. */
export function timedAsync(name: string, operation: () => Promise<unknown>): Contender {
  let batch = 0;
  return {
    name,
    sample: async () => {
      if (batch === 0) batch = await calibrateAsync(operation);
      return (await timeAsync(operation, batch)) / batch;
    },
  };
}

/** The middle one; of an even number, the mean of the two in the middle. */
function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

const batchNs = 5_000_000;
const warmUpNs = 300_000_000;
/** So few that all that is made for them stays in a cache of the processor. */
const handful = 64;

function inBatches(name: string, run: (batch: number) => number): Contender {
  let batch = 0;
  return {
    name,
    sample: () => {
      batch ||= calibrate(run);
      return run(batch) / batch;
    },
  };
}

/** How many calls take about 5 ms, once they are compiled. */
function calibrate(run: (batch: number) => number): number {
  let batch = 1;
  while (batch < 2 ** 24 && run(batch) < batchNs) batch *= 2;
  run(batch);
  return Math.max(1, Math.round((batch * batchNs) / run(batch)));
}

/**
 * The same for asynchronous calls. They run through much more code, which V8 compiles over some ten
 * thousand calls: the first contender would be measured cold.
 */
async function calibrateAsync(operation: () => Promise<unknown>): Promise<number> {
  for (let warmed = 0; warmed < warmUpNs;) warmed += await timeAsync(operation, 64);
  const batch = 256;
  return Math.max(1, Math.round((batch * batchNs) / (await timeAsync(operation, batch))));
}

/** Results are looked at, so that no compiler leaves the work out. */
let seen: unknown;

function time(operation: () => unknown, batch: number): number {
  const start = process.hrtime.bigint();
  for (let index = 0; index < batch; index += 1) seen = operation();
  const elapsed = Number(process.hrtime.bigint() - start);
  if (seen === time) throw new Error('a benchmark must not answer this function');
  return elapsed;
}

function timeOn<T>(operation: (made: T) => unknown, made: readonly T[]): number {
  const start = process.hrtime.bigint();
  for (const one of made) seen = operation(one);
  return Number(process.hrtime.bigint() - start);
}

async function timeAsync(operation: () => Promise<unknown>, batch: number): Promise<number> {
  const start = process.hrtime.bigint();
  for (let index = 0; index < batch; index += 1) seen = await operation();
  return Number(process.hrtime.bigint() - start);
}

function inTurn<T>(list: readonly T[], round: number): readonly T[] {
  const start = round % list.length;
  const turned = [...list.slice(start), ...list.slice(0, start)];
  return round % 2 === 0 ? turned : turned.toReversed();
}

/** Two digits are enough, except near 1, where the difference from 1 matters. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(value >= 1 && value < 2 ? 3 : 2)));
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

function versionOf(peer: string): string {
  const resolve = createRequire(`${root}package.json`);
  const folders = resolve.resolve.paths(peer) ?? [];
  for (const folder of folders) {
    try {
      return (JSON.parse(readFileSync(`${folder}/${peer}/package.json`, 'utf8')) as { version: string })
        .version;
    } catch {
      // It stands in a folder further up.
    }
  }
  return 'of unknown version';
}

function write(): void {
  const name = basename(process.argv[1] ?? 'bench', '.ts');
  const file = `${root}docs/benchmarks/${name}.md`;
  const head = `# Benchmark: ${name}\n\nWritten by \`npm run bench -- --write ${name}\`. Ratios are the medians of ratios within a round; absolute times depend on the machine.`;
  mkdirSync(`${root}docs/benchmarks`, { recursive: true });
  writeFileSync(file, `${[head, ...reports].join('\n\n')}\n`);
  execFileSync('npx', ['--no', '--', 'oxfmt', file], { cwd: root });
}
