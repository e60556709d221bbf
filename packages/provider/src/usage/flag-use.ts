import { ruleOf, rulesOf, type Flag, type FlagRule } from '@graylane/flags';
import type { Decision } from '../baggage/pins.ts';

/** How often one flag was evaluated with one result in one lane, since the last report. */
export interface UsageRow {
  readonly flagKey: string;
  /** Undefined where the default of the code applied. */
  readonly variant: string | undefined;
  readonly reason: string;
  readonly lane: string;
  /** The branch of the outermost `if` that matched. */
  readonly rule: FlagRule | undefined;
  readonly count: number;
}

interface Tally {
  readonly decision: Decision;
  readonly lane: string;
  /** Since the start. */
  count: number;
  /** How much of it the server has received. */
  reported: number;
}

/** The lanes of one flag that are counted on their own; further ones count as `other`. */
const maxLanes = 50;

/** The stand-in for evaluations whose objects are made anew each time. */
type Key = Decision | string;

/**
 * Counts the evaluations of one flag. The evaluation of a branch is one object, so that a count is
 * a comparison or two if the result is one of the last two, else a look-up by identity.
 */
export class FlagUse {
  readonly flag: Flag;
  readonly readsBaggage: boolean;
  readonly #isNew: (use: FlagUse) => void;
  readonly #lanes = new Map<string, Map<Key, Tally>>();
  /** The tallies of the last two results: most flags have two. */
  #last: Tally | undefined;
  #other: Tally | undefined;
  #rules: readonly FlagRule[] | undefined;

  /** Calls `isNew` at the first evaluation, and at the first one after {@link rest}. */
  constructor(flag: Flag, readsBaggage: boolean, isNew: (use: FlagUse) => void) {
    this.flag = flag;
    this.readsBaggage = readsBaggage;
    this.#isNew = isNew;
  }

  count(decision: Decision, lane: string): void {
    const last = this.#last;
    if (last !== undefined && last.decision === decision && last.lane === lane) {
      last.count += 1;
      return;
    }
    let tally = this.#other;
    if (tally === undefined || tally.decision !== decision || tally.lane !== lane) {
      if (last === undefined) this.#isNew(this);
      tally = this.#tallyOf(decision, lane);
    }
    this.#other = last;
    this.#last = tally;
    tally.count += 1;
  }

  /** The counts that the server has not received yet. */
  *rows(): Generator<{ readonly row: UsageRow; readonly received: () => void }> {
    for (const tallies of this.#lanes.values()) {
      for (const tally of tallies.values()) {
        const { count } = tally;
        if (count === tally.reported) continue;
        const row = this.#rowOf(tally, count - tally.reported);
        yield { row, received: () => void (tally.reported = count) };
      }
    }
  }

  /** Releases the counts. The next evaluation starts over. */
  rest(): void {
    this.#lanes.clear();
    this.#last = undefined;
    this.#other = undefined;
  }

  #tallyOf(decision: Decision, lane: string): Tally {
    const isKnown = this.#lanes.has(lane) || this.#lanes.size < maxLanes;
    const name = isKnown ? lane : 'other';
    let tallies = this.#lanes.get(name);
    if (tallies === undefined) this.#lanes.set(name, (tallies = new Map()));
    const key = keyOf(decision);
    let tally = tallies.get(key);
    if (tally === undefined) tallies.set(key, (tally = { decision, lane: name, count: 0, reported: 0 }));
    return tally;
  }

  #rowOf({ decision, lane }: Tally, count: number): UsageRow {
    const { variant, reason } = decision;
    const index = ruleOf(decision as Parameters<typeof ruleOf>[0]);
    const rule = index === undefined ? undefined : (this.#rules ??= rulesOf(this.flag))[index];
    return { flagKey: this.flag.key, variant, reason, lane, rule, count };
  }
}

/**
 * A pin that came with the request and a failure are new objects each time. Those that are frozen
 * and shared are as many as the flag has branches and variants.
 */
function keyOf(decision: Decision): Key {
  if (decision.errorCode !== undefined) return 'error';
  return decision.reason === 'CACHED' ? `pin ${decision.variant}` : decision;
}
