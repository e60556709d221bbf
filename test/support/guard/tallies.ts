import { isDeepStrictEqual } from 'node:util';
import { run, type Outcome, type Scenario, type Tally } from './run.ts';

/**
 * The outcomes of many runs as they are kept between benchmarks, because a hundred thousand runs
 * take hours. A run is determined by the seed, its number and the code, so a few runs of each
 * scenario are repeated before the others are believed.
 */
export interface StoredTally {
  readonly runs: number;
  /** Runs to repeat, by their number. */
  readonly repeated: ReadonlyArray<readonly [stream: number, outcome: Outcome]>;
  /** Each outcome, and how many runs had it. */
  readonly outcomes: ReadonlyArray<readonly [outcome: Outcome, runs: number]>;
}

/** By {@link keyOf}. */
export type StoredTallies = Readonly<Record<string, StoredTally>>;

export function keyOf({ name, looks, until = 'rollback' }: Scenario): string {
  return `${name}, ${looks} looks until ${until}`;
}

/** Runs that are repeated: the first ones, and the first ones that rolled back. */
const most = { first: 3, rolledBack: 3 };

/** A tally that notes which of its runs to repeat. */
export interface KeptTally extends Tally {
  repeated: Array<readonly [stream: number, outcome: Outcome]>;
}

export function newTally(scenario: Scenario): KeptTally {
  return { scenario, runs: 0, outcomes: [], repeated: [] };
}

/** Adds the outcomes of the runs that follow. */
export function addOutcomes(tally: KeptTally, outcomes: readonly Outcome[]): void {
  for (const outcome of outcomes) {
    const rolledBack = tally.repeated.filter(([, { rollback }]) => rollback !== undefined).length;
    const isWanted =
      tally.runs < most.first || (outcome.rollback !== undefined && rolledBack < most.rolledBack);
    if (isWanted) tally.repeated.push([tally.runs, outcome]);
    tally.outcomes.push(outcome);
    tally.runs += 1;
  }
}

export function store({ runs, repeated, outcomes }: KeptTally): StoredTally {
  const counts = new Map<string, number>();
  for (const outcome of outcomes) {
    // The keys have a fixed order, so equal outcomes give equal strings.
    const key = JSON.stringify(outcome, ['barred', 'pause', 'promote', 'rollback']);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const sorted = [...counts].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return { runs, repeated, outcomes: sorted.map(([key, count]) => [JSON.parse(key) as Outcome, count]) };
}

/** Takes up stored runs. Returns false, and leaves the tally empty, if the code has others. */
export function restore(tally: KeptTally, stored: StoredTally, seed: number): boolean {
  const agrees = stored.repeated.every(([stream, outcome]) =>
    isDeepStrictEqual(run(tally.scenario, seed, stream), outcome),
  );
  if (!agrees) return false;
  for (const [outcome, count] of stored.outcomes) {
    for (let index = 0; index < count; index += 1) tally.outcomes.push(outcome);
  }
  tally.runs = stored.runs;
  tally.repeated = [...stored.repeated];
  return true;
}
