import { messageOf } from '../flag/flag.ts';
import { operatorOf } from '../rule/logic.ts';
import type { Rule } from '../rule/rule.ts';
import type { Trace } from '../rule/scope.ts';
import { placeIn, type OperationRun } from './operation-run.ts';

/** How many operations of one evaluation an explanation keeps. */
const maxSteps = 500;

/** How many operations are watched; later ones run as usual. */
const maxWatched = 20_000;

/** Watches a compiled rule at work, through `trace` of its owner. */
export class Recorder {
  /** The outermost operation. */
  outermost: OperationRun | undefined;
  /** The operations at work, the innermost last. */
  readonly #open: OperationRun[] = [];
  #kept = 0;
  #watched = 0;

  readonly trace: Trace = (rule, logic, scope) => {
    const isOperation = operatorOf(logic) !== undefined;
    return (data, now) => {
      const result = isOperation ? this.#watch(rule, { logic, scope, data, now }) : rule(data, now);
      const parent = this.#open.at(-1);
      const place = parent && placeIn(parent, scope);
      if (place !== undefined) parent?.values.set(place, result);
      return result;
    };
  };

  #watch(rule: Rule, at: Pick<OperationRun, 'logic' | 'scope' | 'data' | 'now'>): unknown {
    const { data, now } = at;
    this.#watched += 1;
    if (this.#watched > maxWatched) {
      const parent = this.#open.at(-1);
      if (parent) parent.omitted += 1;
      return rule(data, now);
    }
    const run: OperationRun = { ...at, values: new Map(), runs: [], omitted: 0, outcome: undefined };
    this.#enter(run);
    try {
      const result = rule(data, now);
      run.outcome = { result };
      return result;
    } catch (error) {
      run.outcome = { error: messageOf(error) };
      throw error;
    } finally {
      this.#open.pop();
    }
  }

  #enter(run: OperationRun): void {
    const parent = this.#open.at(-1);
    if (parent) parent.runs.push(run);
    else this.outermost = run;
    this.#open.push(run);
    this.#kept += 1;
    if (this.#kept > maxSteps) this.#leaveOut();
  }

  /** The first and the last steps of a long loop or chain explain it: leave out a middle one. */
  #leaveOut(): void {
    let widest: OperationRun | undefined;
    for (const run of this.#open) if (run.runs.length > (widest?.runs.length ?? 1)) widest = run;
    if (widest === undefined) return;
    // The last one is still at work, or the newest.
    const [left] = widest.runs.splice(Math.floor((widest.runs.length - 1) / 2), 1);
    const count = left ? sizeOf(left) : 0;
    widest.omitted += count + (left ? omittedBelow(left) : 0);
    this.#kept -= count;
  }
}

function sizeOf(run: OperationRun): number {
  return run.runs.reduce((sum, below) => sum + sizeOf(below), 1);
}

function omittedBelow(run: OperationRun): number {
  return run.runs.reduce((sum, below) => sum + omittedBelow(below), run.omitted);
}
