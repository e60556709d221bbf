import { partsOfValue } from '../../limits.ts';
import { looselyEqual } from '../coercion.ts';
import { compileOperand, compileRule, resultOf } from '../compile.ts';
import { isConstant } from '../logic.ts';
import type { Condition, Rule } from '../rule.ts';
import { countParts, type Scope } from '../scope.ts';
import { factTests, type FactTest } from './comparison.ts';
import { compileCondition, textMatch, type TextMatch } from './condition.ts';
import { generateChain, maxBranches } from './generated-code.ts';

/**
 * Compiles condition, result, condition, result, ..., otherwise. A lone operand is its own result;
 * without an otherwise, null.
 */
export function compileBranches(operand: unknown, scope: Scope): Rule {
  if (!Array.isArray(operand)) return compileRule(operand, scope);
  const list = operand as unknown[];
  const even = list.length - (list.length % 2);
  const branches: Branch[] = [];
  for (let index = 0; index < even; index += 2) branches.push(branchAt(index, list, scope));
  if (branches.length === 0) return compileOperand(list[0] ?? null, scope, 0);
  return chain(branches, compileResult(even < list.length ? list[even] : null, scope, even), scope);
}

/** A rule, or its constant result: neither a JSON value nor an evaluation is a function. */
type Result = unknown;

interface Branch {
  readonly logic: unknown;
  readonly index: number;
  readonly result: Result;
  readonly match: TextMatch | undefined;
}

function branchAt(index: number, list: readonly unknown[], scope: Scope): Branch {
  const logic = list[index];
  const result = compileResult(list[index + 1] ?? null, scope, index + 1);
  return { logic, index, result, match: textMatch(logic, scope) };
}

function compileResult(logic: unknown, scope: Scope, index: number): Result {
  return isConstant(logic) ? resultOf(logic, scope, index) : compileOperand(logic, scope, index);
}

/**
 * Finds the result of the first branch whose condition is true; undefined if no condition is true.
 */
type Find = (data: unknown, now: number | undefined) => Result;

function chain(branches: readonly Branch[], otherwise: Result, scope: Scope): Rule {
  const [first, second] = branches;
  if (first && !second) return either(conditionOf(first, scope), first.result, otherwise);
  const finds = stretches(branches).map(({ list, match }) =>
    match ? lookUp(list, match, scope) : walk(list, scope),
  );
  return found(findAny(finds), otherwise);
}

function either(condition: Condition, result: Result, otherwise: Result): Rule {
  return (data, now) => {
    const chosen = condition(data, now) ? result : otherwise;
    return typeof chosen === 'function' ? (chosen as Rule)(data, now) : chosen;
  };
}

function found(find: Find, otherwise: Result): Rule {
  return (data, now) => {
    const first = find(data, now);
    const chosen = first === undefined ? otherwise : first;
    return typeof chosen === 'function' ? (chosen as Rule)(data, now) : chosen;
  };
}

function findAny(finds: readonly Find[]): Find {
  const [find] = finds;
  if (find && finds.length === 1) return find;
  return (data, now) => {
    for (const next of finds) {
      const result = next(data, now);
      if (result !== undefined) return result;
    }
    return undefined;
  };
}

/** From how many branches on a table is faster than a walk. */
const worthATable = 3;

/** Branches in a row; `match` is their common comparison if they are worth a table. */
interface Stretch {
  readonly list: Branch[];
  readonly match: TextMatch | undefined;
}

/**
 * Cuts a chain where a run of branches that compare the same variable with strings begins or ends.
 */
function stretches(branches: readonly Branch[]): Stretch[] {
  const joined: Stretch[] = [];
  for (const list of runs(branches)) {
    const match = list.length >= worthATable ? list[0]?.match : undefined;
    const before = joined.at(-1);
    if (match || before === undefined || before.match) joined.push({ list, match });
    else for (const branch of list) before.list.push(branch);
  }
  return joined;
}

function runs(branches: readonly Branch[]): Branch[][] {
  const lists: Branch[][] = [];
  for (const branch of branches) {
    const list = lists.at(-1);
    if (list?.[0] && isAlike(list[0], branch)) list.push(branch);
    else lists.push([branch]);
  }
  return lists;
}

function isAlike({ match: one }: Branch, { match: other }: Branch): boolean {
  return one?.key === other?.key && one?.loose === other?.loose;
}

function conditionOf({ logic, index }: Branch, scope: Scope): Condition {
  return compileCondition(logic, scope, index);
}

/** The parts of a comparison, which is compiled as a whole: the operator, and the variable. */
const partsOfTest = 3;

/** A branch of a walk: it tests facts, or has a condition of another kind. */
interface Step {
  readonly tests: readonly FactTest[] | undefined;
  readonly condition: Condition | undefined;
  readonly result: Result;
}

function walk(branches: readonly Branch[], scope: Scope): Find {
  const steps = branches.map((branch): Step => {
    const tests = factTests(branch.logic, scope);
    if (tests) countParts(scope, partsOfTest * tests.length);
    return { tests, condition: tests ? undefined : conditionOf(branch, scope), result: branch.result };
  });
  if (scope.iterating) return walkThrough(steps);
  const finds: Find[] = [];
  for (let from = 0; from < branches.length; from += maxBranches) {
    const to = from + maxBranches;
    // Each piece has a turn of its own, so no evaluation waits for more than one to be generated.
    const turn = scope.owner.generateCodeAfter + finds.length;
    finds.push(warming(walkThrough(steps.slice(from, to)), branches.slice(from, to), turn, scope));
  }
  return findAny(finds);
}

/** Walks until the chain has been evaluated often enough to generate its code. */
function warming(walking: Find, branches: readonly Branch[], generateCodeAfter: number, scope: Scope): Find {
  let find = walking;
  let times = 0;
  return (data, now) => {
    if (times <= generateCodeAfter && (times += 1) > generateCodeAfter)
      find = generateChain(branches, scope) ?? walking;
    return find(data, now);
  };
}

/** Remembers the two facts that it read last: branches mostly test one or two in turn. */
function walkThrough(steps: readonly Step[]): Find {
  return (data, now) => {
    let newer = '';
    let older = '';
    let newerFact: unknown = null;
    let olderFact: unknown = null;
    next: for (const { tests, condition, result } of steps) {
      if (tests === undefined) {
        if (condition?.(data, now)) return result;
        continue;
      }
      for (const { key, accepts } of tests) {
        let fact = key === newer ? newerFact : olderFact;
        if (key !== newer && key !== older) {
          older = newer;
          olderFact = newerFact;
          newer = key;
          fact = (data as Readonly<Record<string, unknown>>)[key];
          if (fact === undefined) fact = null;
          newerFact = fact;
        }
        if (!accepts(fact)) continue next;
      }
      return result;
    }
    return undefined;
  };
}

/** One look-up, however many branches there are. */
function lookUp(branches: readonly Branch[], { key, loose }: TextMatch, scope: Scope): Find {
  const results = new Map<string, Result>();
  for (const { match, result } of branches) {
    countParts(scope, partsOfTest + (match?.texts.length ?? 0) * partsOfValue);
    for (const text of match?.texts ?? []) if (!results.has(text)) results.set(text, result);
  }
  return loose ? byLooseText(key, results) : byText(key, results);
}

function byText(key: string, results: ReadonlyMap<unknown, Result>): Find {
  return (data) => results.get((data as Readonly<Record<string, unknown>>)[key]);
}

/** Values of other types are compared one by one, in the order of the branches: 5 equals "5". */
function byLooseText(key: string, results: ReadonlyMap<string, Result>): Find {
  return (data) => {
    const value = (data as Readonly<Record<string, unknown>>)[key];
    if (typeof value === 'string') return results.get(value);
    for (const [text, result] of results) if (looselyEqual(value, text)) return result;
    return undefined;
  };
}
