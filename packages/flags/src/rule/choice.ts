import { compileOperand, compileRule, type Rule, type Scope } from './compile-rule.ts';
import { compileCondition, textMatch, type Condition, type TextMatch } from './condition.ts';

/** `if`: condition, result, condition, result, ..., otherwise. A lone operand is its own result; no otherwise is null. */
export function choose(operand: unknown, scope: Scope): Rule {
  if (!Array.isArray(operand)) return compileRule(operand, scope);
  const list = operand as unknown[];
  const even = list.length - (list.length % 2);
  const branches: Branch[] = [];
  for (let index = 0; index < even; index += 2) branches.push(compileBranch(list, index, scope));
  const otherwise = even < list.length ? compileOperand(list[even], scope, even) : compileRule(null, scope);
  return chain(branches, otherwise);
}

interface Branch {
  readonly condition: Condition;
  readonly result: Rule;
  readonly match: TextMatch | undefined;
}

function compileBranch(list: readonly unknown[], index: number, scope: Scope): Branch {
  return {
    condition: compileCondition(list[index], scope, index),
    result: compileOperand(list[index + 1], scope, index + 1),
    match: textMatch(list[index], scope),
  };
}

/** Finds the result of the first branch whose condition is true. */
type Find = (data: unknown, now: number | undefined) => Rule | undefined;

function chain(branches: readonly Branch[], otherwise: Rule): Rule {
  const [first, second] = branches;
  if (first === undefined) return otherwise;
  if (second === undefined) {
    const { condition, result } = first;
    return (data, now) => (condition(data, now) ? result(data, now) : otherwise(data, now));
  }
  const finds = stretches(branches).map((stretch) => (isOneMatch(stretch) ? lookUp(stretch) : walk(stretch)));
  const [find] = finds as [Find];
  if (finds.length === 1) return (data, now) => (find(data, now) ?? otherwise)(data, now);
  return (data, now) => {
    for (const next of finds) {
      const result = next(data, now);
      if (result !== undefined) return result(data, now);
    }
    return otherwise(data, now);
  };
}

/** From how many branches on a table answers faster than a walk. */
const worthATable = 3;

/** Cuts a chain where branches in a row that compare the same variable with texts begin or end. */
function stretches(branches: readonly Branch[]): Branch[][] {
  const runs: Branch[][] = [];
  for (const branch of branches) {
    const run = runs.at(-1);
    if (run?.[0]?.match?.key === branch.match?.key && run) run.push(branch);
    else runs.push([branch]);
  }
  const joined: Branch[][] = [];
  for (const run of runs) {
    const before = joined.at(-1);
    if (before && !isOneMatch(before) && !isOneMatch(run)) before.push(...run);
    else joined.push(run);
  }
  return joined;
}

function isOneMatch(stretch: readonly Branch[]): boolean {
  const key = stretch[0]?.match?.key;
  return (
    stretch.length >= worthATable && key !== undefined && stretch.every(({ match }) => match?.key === key)
  );
}

function walk(branches: readonly Branch[]): Find {
  const conditions = branches.map(({ condition }) => condition);
  const results = branches.map(({ result }) => result);
  return (data, now) => {
    for (let index = 0; index < conditions.length; index += 1) {
      if ((conditions[index] as Condition)(data, now)) return results[index];
    }
    return undefined;
  };
}

/** One look-up, however many branches there are. What is no text is compared as the rule says: 5 equals "5". */
function lookUp(branches: readonly Branch[]): Find {
  const results = new Map<string, Rule>();
  for (const { match, result } of branches) {
    for (const text of match?.texts ?? []) if (!results.has(text)) results.set(text, result);
  }
  const key = branches[0]?.match?.key ?? '';
  const byWalking = walk(branches);
  return (data, now) => {
    const value = (data as Readonly<Record<string, unknown>>)[key];
    return typeof value === 'string' ? results.get(value) : byWalking(data, now);
  };
}
