import { messageOf } from '../flag/flag.ts';
import { operatorOf } from '../rule/logic.ts';
import type { Rule } from '../rule/rule.ts';
import type { Scope, Trace } from '../rule/scope.ts';
import { placeIn, type OperationRun } from './operation-run.ts';

/** How many operations of one evaluation an explanation keeps. */
const maxSteps = 500;

/** How many operations are watched; later ones run as usual. */
const maxWatched = 10_000;

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
      const parent = this.#open.at(-1);
      const result =
        isOperation && this.#mayWatch(parent)
          ? this.#watch(rule, runOf(logic, scope, data, now))
          : rule(data, now);
      const place = parent && placeIn(parent, scope);
      if (parent && place !== undefined) (parent.values ??= new Map()).set(place, result);
      return result;
    };
  };

  #mayWatch(parent: OperationRun | undefined): boolean {
    this.#watched += 1;
    if (this.#watched <= maxWatched) return true;
    if (parent) parent.omitted += 1;
    return false;
  }

  #watch(rule: Rule, run: OperationRun): unknown {
    this.#enter(run);
    try {
      const result = rule(run.data, run.now);
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

function runOf(logic: unknown, scope: Scope, data: unknown, now: number | undefined): OperationRun {
  return { logic, scope, data, now, values: undefined, runs: [], omitted: 0, outcome: undefined };
}

function sizeOf(run: OperationRun): number {
  return run.runs.reduce((sum, below) => sum + sizeOf(below), 1);
}

function omittedBelow(run: OperationRun): number {
  return run.runs.reduce((sum, below) => sum + omittedBelow(below), run.omitted);
}
