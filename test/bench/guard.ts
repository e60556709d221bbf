import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { availableParallelism, tmpdir } from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { rolldown } from 'rolldown';
import { pageOf } from '../support/guard/page.ts';
import { peek } from '../support/guard/peeking.ts';
import { times, type Outcome, type Scenario } from '../support/guard/run.ts';
import {
  allScenarios,
  controls,
  detections,
  expiredScenarios,
  late,
  promotions,
  requestScenarios,
  stickyScenarios,
} from '../support/guard/scenarios.ts';
import type { Task } from '../support/guard/simulator.ts';
import {
  addOutcomes,
  keyOf,
  newTally,
  restore,
  store,
  type KeptTally,
  type StoredTallies,
} from '../support/guard/tallies.ts';
import { vectors } from '../support/guard/vectors.ts';

/**
 * Runs of each healthy scenario, e.g. 10000, which take two processors two hours. By default as
 * many as take a few minutes, or as have been kept: the tallies go on from docs/benchmarks/guard.
 * An interrupt ends the simulation early and keeps what was simulated.
 */
const wanted = Number(process.env['GRAYLANE_GUARD_RUNS'] ?? 0);
const seed = 20_260_101;

const docs = fileURLToPath(new URL('../../docs/benchmarks/', import.meta.url));
const file = `${docs}guard/tallies.json`;
const writes = Boolean(process.env['GRAYLANE_BENCH_WRITE']);
const begin = Date.now();

const tallies = allScenarios.map(newTally);
resume();
const busy = new Set<KeptTally>();
let [stopping, saved] = [false, Date.now()];
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (stopping = true));
await simulateAll();
report();
save();
if (writes) writePage();

/** Takes up the kept runs of scenarios that the code still gives the same outcomes. */
function resume(): void {
  if (!existsSync(file)) return;
  const kept = JSON.parse(readFileSync(file, 'utf8')) as StoredTallies;
  for (const tally of tallies) {
    const stored = kept[keyOf(tally.scenario)];
    if (stored && !restore(tally, stored, seed)) console.log(`  begins anew: ${keyOf(tally.scenario)}`);
  }
}

async function simulateAll(): Promise<void> {
  const folder = mkdtempSync(`${tmpdir()}/graylane-guard-`);
  try {
    const program = `${folder}/simulator.mjs`;
    // Transformed on the way, functions keep their names, which takes as long as the simulation.
    const build = await rolldown({
      input: fileURLToPath(new URL('../support/guard/simulator.ts', import.meta.url)),
      platform: 'node',
    });
    await build.write({ file: program, format: 'esm' });
    await build.close();
    await Promise.all(Array.from({ length: availableParallelism() }, () => work(program)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Simulates the scenario that is furthest behind, again and again, until all have their runs. */
async function work(program: string): Promise<void> {
  const worker = new Worker(program);
  for (let tally = next(); tally !== undefined; tally = next()) {
    busy.add(tally);
    const { runs: from, scenario } = tally;
    const planned = plannedOf(scenario);
    const count = Math.min(planned - from, Math.ceil(planned / 100));
    const task: Task = { index: allScenarios.indexOf(scenario), from, count, seed };
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- no window
    worker.postMessage(task);
    const [outcomes] = (await once(worker, 'message')) as [Outcome[]];
    addOutcomes(tally, outcomes);
    busy.delete(tally);
    if (Date.now() - saved < 60_000) continue;
    saved = Date.now();
    save();
    report();
  }
  await worker.terminate();
}

function next(): KeptTally | undefined {
  if (stopping) return undefined;
  const progress = ({ runs, scenario }: KeptTally): number => runs / plannedOf(scenario);
  const waiting = tallies.filter((tally) => !busy.has(tally) && progress(tally) < 1);
  return waiting.toSorted((one, other) => progress(one) - progress(other))[0];
}

function plannedOf(scenario: Scenario): number {
  const { looks, traffic } = scenario;
  const isHealthy = [...requestScenarios, ...stickyScenarios, ...expiredScenarios].includes(scenario);
  if (!isHealthy) return looks > 1000 ? 50 : 300;
  if (wanted > 0) return wanted;
  // Bursts come close to alpha, so that only many runs show that they stay below it.
  return looks > 1000 ? 25 : traffic.bursts === undefined ? 250 : 1000;
}

function report(): void {
  console.log(`\n${Math.round((Date.now() - begin) / 1000)} s`);
  for (const tally of tallies) {
    const share = (action: 'rollback' | 'pause' | 'promote'): string =>
      (times(tally, action) / tally.runs).toFixed(4);
    console.log(
      `  ${tally.scenario.name.padEnd(60)} ${String(tally.runs).padStart(6)} runs  rolled back ${share('rollback')}  paused ${share('pause')}  promoted ${share('promote')}`,
    );
  }
}

function save(): void {
  if (!writes) return;
  mkdirSync(`${docs}guard`, { recursive: true });
  const entries = tallies.map(
    (tally) => `${JSON.stringify(keyOf(tally.scenario))}: ${JSON.stringify(store(tally))}`,
  );
  writeFileSync(file, `{\n${entries.join(',\n')}\n}\n`);
}

function writePage(): void {
  const group = (scenarios: readonly Scenario[]): KeptTally[] =>
    scenarios.map((scenario) => tallies[allScenarios.indexOf(scenario)] as KeptTally);
  const peeking = { runs: 20_000, rates: peek(20_000, seed) };
  const page = pageOf(
    {
      vectors: vectors(),
      peeking,
      requests: group(requestScenarios),
      sticky: group(stickyScenarios),
      expired: group(expiredScenarios),
      controls: group(controls),
      detections: group(detections).map((tally, index) => ({
        ...tally,
        goal: detections[index]?.goal ?? NaN,
      })),
      late: { ...(group([late])[0] as KeptTally), goal: late.goal },
      promotions: group(promotions),
    },
    'npm run bench -- --write guard',
  );
  for (const [name, content] of Object.entries(page)) writeFileSync(`${docs}${name}`, content);
  execFileSync('npx', ['--no', '--', 'oxfmt', `${docs}guard.md`]);
}
