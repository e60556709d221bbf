import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { pageOf, type Results } from '../support/guard/page.ts';
import { peek } from '../support/guard/peeking.ts';
import { simulate, times, type Scenario, type Tally } from '../support/guard/run.ts';
import {
  controls,
  detections,
  expiredScenarios,
  late,
  promotions,
  requestScenarios,
  stickyScenarios,
} from '../support/guard/scenarios.ts';
import { vectors } from '../support/guard/vectors.ts';

/**
 * Runs of each healthy scenario, e.g. 10000, which take a processor a few hours; of those over
 * twelve hours of looks a hundredth. By default as many as take a few minutes. The page states the
 * number of runs of each row.
 */
const full = Number(process.env['GRAYLANE_GUARD_RUNS'] ?? 0);
/** Ends sooner, with the same part of the planned runs for each scenario. */
const minutes = Number(process.env['GRAYLANE_GUARD_MINUTES'] ?? Infinity);
const seed = 20_260_101;

const docs = fileURLToPath(new URL('../../docs/benchmarks/', import.meta.url));
const begin = Date.now();
const peeking = { runs: 20_000, rates: peek(20_000, seed) };
const results: Results = {
  vectors: vectors(),
  peeking,
  requests: requestScenarios.map(tallyOf),
  sticky: stickyScenarios.map(tallyOf),
  expired: expiredScenarios.map(tallyOf),
  controls: controls.map(tallyOf),
  detections: detections.map((scenario) => ({
    ...tallyOf(scenario),
    ...(scenario.goal && { goal: scenario.goal }),
  })),
  late: { ...tallyOf(late), goal: late.goal },
  promotions: promotions.map(tallyOf),
};

const few = new Set<Tally>([...results.controls, ...results.detections, results.late, ...results.promotions]);
const all: readonly Tally[] = [...results.requests, ...results.sticky, ...results.expired, ...few];
const slices = full > 0 ? 200 : 20;
let written = Date.now();
for (let slice = 1; slice <= slices; slice += 1) {
  for (const tally of all) {
    const until = Math.ceil((plannedOf(tally) * slice) / slices);
    if (tally.runs === 0 || !isOver()) simulate(tally, until - tally.runs, seed);
    if (Date.now() - written < 300_000) continue;
    written = Date.now();
    report();
  }
}
report();

function tallyOf(scenario: Scenario): Tally {
  return { scenario, runs: 0, outcomes: [] };
}

function plannedOf(tally: Tally): number {
  const { looks, traffic } = tally.scenario;
  if (few.has(tally)) return looks > 1000 ? 50 : 300;
  // Twelve hours of looks take as long as a dozen other runs.
  if (full > 0) return looks > 1000 ? Math.ceil(full / 100) : full;
  // Bursts come close to alpha, so that only many runs show that they stay below it.
  return looks > 1000 ? 25 : traffic.bursts === undefined ? 250 : 1000;
}

function isOver(): boolean {
  return Date.now() - begin > minutes * 60_000;
}

function report(): void {
  console.log(`\n${Math.round((Date.now() - begin) / 1000)} s`);
  for (const tally of all) {
    const share = (action: 'rollback' | 'pause' | 'promote'): string =>
      (times(tally, action) / tally.runs).toFixed(4);
    console.log(
      `  ${tally.scenario.name.padEnd(60)} ${String(tally.runs).padStart(6)} runs  rolled back ${share('rollback')}  paused ${share('pause')}  promoted ${share('promote')}`,
    );
  }
  if (!process.env['GRAYLANE_BENCH_WRITE']) return;
  mkdirSync(`${docs}guard`, { recursive: true });
  const page = pageOf(results, 'npm run bench -- --write guard');
  for (const [name, content] of Object.entries(page)) writeFileSync(`${docs}${name}`, content);
  execFileSync('npx', ['--no', '--', 'oxfmt', `${docs}guard.md`]);
}
