import { isObject } from '../json.ts';
import { maxDepth, maxParts } from '../limits.ts';
import { joinPath, show, type Problem } from '../problem.ts';
import { operandChecks } from './operand-checks.ts';

/** Where a rule stands, and what it may refer to. */
export interface RulePlace {
  readonly path: string;
  /** Undefined inside an evaluator: references do not nest. */
  readonly evaluators: Readonly<Record<string, unknown>> | undefined;
  readonly depth?: number;
  /** How many operands of the rule were checked so far. */
  readonly checked?: { parts: number };
}

/** Checks a rule as flagd's targeting schema does: an operation, or an empty object for none. */
export function checkRule(rule: unknown, place: RulePlace): Problem[] {
  if (!isObject(rule))
    return [problem(place.path, `the rule is ${show(rule)}`, 'make it an operation, or leave it out')];
  if (Object.keys(rule).length === 0) return [];
  return checkOperation(rule, place.checked ? place : { ...place, checked: { parts: 0 } });
}

/** Checks one operand: a plain value, a list, a reference or an operation. */
export function checkArgument(value: unknown, place: RulePlace): Problem[] {
  const { depth = 0, checked = { parts: 0 } } = place;
  checked.parts += 1;
  if (checked.parts > maxParts) return checked.parts === maxParts + 1 ? [tooLarge(place.path)] : [];
  if (depth >= maxDepth) {
    // One is enough: the rest of the rule is not looked at.
    checked.parts = maxParts + 1;
    return [tooDeep(place.path)];
  }
  const deeper = { ...place, depth: depth + 1, checked };
  if (Array.isArray(value)) return checkEach(value, deeper);
  if (!isObject(value)) return [];
  if (Object.hasOwn(value, '$ref')) return checkReference(value['$ref'], deeper);
  if (Object.keys(value).length === 0)
    return [problem(place.path, 'an empty object is no value of a rule', 'write an operation')];
  return checkOperation(value, deeper);
}

/** Checks every element of a list as an operand. */
export function checkEach(list: readonly unknown[], place: RulePlace): Problem[] {
  return list.flatMap((item, index) => checkArgument(item, { ...place, path: joinPath(place.path, index) }));
}

/** A problem, in one line. */
export function problem(path: string, message: string, remedy: string): Problem {
  return { path, message, remedy };
}

function tooDeep(path: string): Problem {
  return problem(path, `the rule is nested deeper than ${maxDepth} levels`, 'split it, or use $evaluators');
}

/** Said once. What is given as an object can hold one part many times over, as aliases of YAML do. */
function tooLarge(path: string): Problem {
  return problem(path, `the rule has more than ${maxParts} parts`, 'split the flag, or compare with a list');
}

function checkOperation(rule: Readonly<Record<string, unknown>>, place: RulePlace): Problem[] {
  const [operator, ...more] = Object.keys(rule) as [string, ...string[]];
  if (operator === '$ref' && more.length === 0) return checkReference(rule[operator], place);
  if (more.length > 0) {
    const found = Object.keys(rule).map(show).join(', ');
    return [
      problem(
        place.path,
        `an operation has one operator, but here are ${found}`,
        'join them with "and" or "or"',
      ),
    ];
  }
  const path = joinPath(place.path, operator);
  const check = operandChecks.get(operator);
  if (check) return check(rule[operator], { ...place, path }, operator);
  return [
    problem(path, `there is no operator "${operator}"`, `use one of ${[...operandChecks.keys()].join(' ')}`),
  ];
}

function checkReference(name: unknown, { path, evaluators }: RulePlace): Problem[] {
  const at = joinPath(path, '$ref');
  if (evaluators === undefined)
    return [problem(at, 'an evaluator refers to another one', 'write its rule out')];
  if (typeof name === 'string' && Object.hasOwn(evaluators, name)) return [];
  const known = Object.keys(evaluators).map(show).join(', ');
  return [
    problem(
      at,
      `there is no evaluator ${show(name)}`,
      known ? `use one of ${known}` : 'add it to $evaluators',
    ),
  ];
}
