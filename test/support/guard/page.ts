import { armitage } from './peeking.ts';
import { barsSvg, linesSvg, type Bar, type Line } from './plots.ts';
import { upperBound } from './proportion.ts';
import { medianLook, times, type Outcome, type Tally } from './run.ts';
import type { Vector } from './vectors.ts';

/** All that the page shows. */
export interface Results {
  readonly vectors: readonly Vector[];
  readonly peeking: { readonly runs: number; readonly rates: readonly number[] };
  readonly requests: readonly Tally[];
  readonly sticky: readonly Tally[];
  readonly expired: readonly Tally[];
  readonly controls: readonly Tally[];
  readonly detections: ReadonlyArray<Tally & { readonly goal?: number }>;
  readonly late: Tally & { readonly goal: number };
  readonly promotions: readonly Tally[];
}

/** The greatest upper bound of a false-rollback rate that passes: alpha + .01. */
export const limit = 0.06;

/** The files of the page by name: Markdown and SVG. */
export function pageOf(results: Results, command: string): Record<string, string> {
  const aa = [...results.requests, ...results.sticky];
  const missed = aa.filter((tally) => upperBound(times(tally, 'rollback'), tally.runs) > limit);
  return {
    'guard.md': `${[
      '# Benchmark: guard',
      `Written by \`${command}\`. A look is 15 seconds; alpha is .05; two SLIs (14 latency boundaries, and errors) are judged together. Each row states its own number of runs; a bound is the upper end of the 95 % interval of Clopper and Pearson.`,
      ...reference(results),
      '## How often is a healthy release rolled back?',
      `Both arms run the same code. A row passes when the bound is at most ${limit}. ${verdictOn(missed)} A pause is the first one of a run, which then goes on as if it had been resumed. In runs of 2,880 looks only the robust test is made, since no other rolls back; a run ends where its A/A looks drift, since tests only pause from there on.`,
      '![False rollbacks with their bounds, by scenario](guard/false-rollbacks.svg)',
      falseTable('Requests', results.requests),
      falseTable('Units that stay in their arm', results.sticky),
      'The last A/A looks of these rows are valid for all their looks. Calibrated for 15 minutes and judged for twelve hours, the tests may only pause after the first hour:',
      falseTable('Expired calibration', results.expired),
      '## Which gates fail?',
      'These must be above the limit, or the simulation would prove nothing: tenants that are judged as if they were requests, and two recipes that are in use.',
      '![How many healthy releases each gate has rolled back, by looks](guard/controls.svg)',
      falseTable('Same code', results.controls),
      '## How soon is a defect found?',
      'The median look of the defect, over all runs, at the first rollback and at the first pause. The goal is for the rollback.',
      '![How many defective releases were rolled back, by looks](guard/detection.svg)',
      detectionTable(results.detections),
      lateSentence(results.late),
      '## When is a release promoted?',
      'A promotion excludes an odds ratio of 1.5 at each boundary that .1 % of requests exceed.',
      promotionTable(results.promotions),
    ].join('\n\n')}\n`,
    'guard/false-rollbacks.svg': barsSvg(aa.map(barOf), limit, 0.1),
    'guard/controls.svg': linesSvg([...results.controls, ...results.requests.slice(0, 1)].map(lineOf), 240),
    'guard/detection.svg': linesSvg(results.detections.slice(0, 6).map(lineOf), 240),
  };
}

function reference({ vectors, peeking }: Results): string[] {
  return [
    '## Does the simulator reproduce what is known?',
    'Time-uniform bounds of the package `confseq` 0.0.11:',
    table(
      ['bound', 'published', 'here'],
      vectors.map(({ name, published, here }) => [
        name,
        published.join(', '),
        here.map((value) => value.toPrecision(8)).join(', '),
      ]),
    ),
    `Peeking (Armitage, McPherson and Rowe, 1969): how often a test at a nominal 5 % rejects at some look, in ${peeking.runs.toLocaleString('en')} runs:`,
    table(
      ['looks', 'published', 'here'],
      armitage.map(([looks, published], index) => [
        String(looks),
        String(published),
        (peeking.rates[index] ?? 0).toFixed(3),
      ]),
    ),
  ];
}

function verdictOn(missed: readonly Tally[]): string {
  if (missed.length === 0) return '**All rows pass.**';
  return `**Not shown to pass: ${missed.map(({ scenario }) => scenario.name).join('; ')}.** There, either the rate is too high or the runs are too few.`;
}

function falseTable(title: string, tallies: readonly Tally[]): string {
  return table(
    [title, 'looks', 'runs', 'rolled back', 'bound', 'paused', 'drift seen'],
    tallies.map((tally) => {
      const hits = times(tally, 'rollback');
      return [
        tally.scenario.name,
        String(tally.scenario.looks),
        tally.runs.toLocaleString('en'),
        rate(hits / tally.runs),
        rate(upperBound(hits, tally.runs)),
        tally.scenario.recipe ? '' : rate(times(tally, 'pause') / tally.runs),
        tally.scenario.calibration === 0 ? '' : rate(times(tally, 'barred') / tally.runs),
      ];
    }),
  );
}

function detectionTable(tallies: Results['detections']): string {
  return table(
    ['defect', 'runs', 'median rollback', 'goal', 'median pause', 'rolled back in 240 looks'],
    tallies.map((tally) => {
      const median = medianLook(tally, 'rollback');
      const met = tally.goal === undefined ? '' : `${tally.goal}${median <= tally.goal ? '' : ' **missed**'}`;
      return [
        tally.scenario.name,
        tally.runs.toLocaleString('en'),
        look(median),
        met,
        look(medianLook(tally, 'pause')),
        rate(times(tally, 'rollback') / tally.runs),
      ];
    }),
  );
}

function lateSentence(tally: Results['late']): string {
  const onset = tally.scenario.onset ?? 0;
  const after = tally.outcomes
    .map((outcome) => firstStop(outcome) - onset)
    .filter((delay) => delay > 0)
    .toSorted((one, other) => one - other);
  const median = after[Math.floor((after.length - 1) / 2)] ?? Infinity;
  const missed = median <= tally.goal ? '' : ' **missed**';
  return `A defect that begins late (${tally.scenario.name}) is paused or rolled back after a median of ${look(median)} looks (goal ${tally.goal}${missed}; ${tally.runs.toLocaleString('en')} runs, of which ${tally.runs - after.length} had stopped before).`;
}

function promotionTable(tallies: readonly Tally[]): string {
  return table(
    ['release', 'looks', 'runs', 'promoted', 'median look'],
    tallies.map((tally) => [
      tally.scenario.name,
      String(tally.scenario.looks),
      tally.runs.toLocaleString('en'),
      rate(times(tally, 'promote') / tally.runs),
      look(medianLook(tally, 'promote')),
    ]),
  );
}

function firstStop({ pause = Infinity, rollback = Infinity }: Outcome): number {
  return Math.min(pause, rollback);
}

function barOf(tally: Tally): Bar {
  const hits = times(tally, 'rollback');
  const { name, looks } = tally.scenario;
  return { name: `${name} (${looks})`, share: hits / tally.runs, upper: upperBound(hits, tally.runs) };
}

function lineOf(tally: Tally): Line {
  const looks = tally.outcomes.map((outcome) => outcome.rollback ?? Infinity);
  const points = Array.from({ length: 61 }, (_, index): [number, number] => {
    const until = index * 4;
    return [until, looks.filter((one) => one <= until).length / tally.runs];
  });
  return { name: tally.scenario.name, points };
}

function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function rate(share: number): string {
  return share === 0 ? '0' : share.toFixed(share < 0.01 ? 4 : 3).replace(/^0/, '');
}

function look(value: number): string {
  return Number.isFinite(value) ? String(value) : 'never';
}
