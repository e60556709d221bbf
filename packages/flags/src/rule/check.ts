import { joinPath, problem, show, type Problem } from '../json/problem.ts';
import { isObject } from '../json/values.ts';
import { maxDepth, maxRuleParts, partsOfValue } from '../limits.ts';
import type { Operators, RulePlace } from './rule.ts';

/** The place of a whole rule. */
export function wholePlace(
  path: string,
  operators: Operators,
  evaluators: Readonly<Record<string, unknown>> | undefined,
): RulePlace {
  return { path, operators, evaluators, depth: 0, checked: { parts: 0, deepest: 0, isOver: false } };
}

/** Checks a rule as flagd's targeting schema does: an operation, or an empty object for none. */
export function checkRule(rule: unknown, place: RulePlace): Problem[] {
  if (!isObject(rule))
    return [problem(place.path, `the rule is ${show(rule)}`, 'make it an operation, or leave it out')];
  return Object.keys(rule).length === 0 ? [] : checkOperation(rule, place);
}

/** Checks one operand: a plain value, an array, a reference or an operation. */
export function checkOperand(value: unknown, place: RulePlace): Problem[] {
  const { depth, checked } = place;
  const full = countParts(1, place);
  if (full !== undefined) return full;
  if (!Array.isArray(value) && !isObject(value)) return [];
  const deeper = { ...place, depth: depth + 1 };
  if (deeper.depth >= maxDepth) return tooDeep(place);
  checked.deepest = Math.max(checked.deepest, deeper.depth);
  if (Array.isArray(value)) return countParts(1, place) ?? checkEach(value, deeper);
  if (Object.hasOwn(value, '$ref')) return checkReference(value['$ref'], deeper);
  if (Object.keys(value).length === 0)
    return [problem(place.path, 'an empty object is not a rule', 'write an operation, e.g. {"var": "lane"}')];
  return checkOperation(value, deeper);
}

/** Checks every element of an array as an operand. */
export function checkEach(list: readonly unknown[], place: RulePlace): Problem[] {
  const problems: Problem[] = [];
  let values = 0;
  for (const [index, item] of list.entries()) {
    // A plain value is right anywhere, and an array may have many of them.
    if (typeof item !== 'object' || item === null) values += 1;
    else problems.push(...checkOperand(item, { ...place, path: joinPath(place.path, index) }));
  }
  return problems.concat(countParts(values * partsOfValue, place) ?? []);
}

/** The problem of a rule that has too many parts; one is enough, so the rest has none. */
export function countParts(parts: number, { checked, path }: RulePlace): Problem[] | undefined {
  if (checked.isOver) return [];
  checked.parts += parts;
  if (checked.parts <= maxRuleParts) return undefined;
  checked.isOver = true;
  return [tooLarge(path)];
}

function tooDeep({ path, checked }: RulePlace): Problem[] {
  checked.isOver = true;
  return [problem(path, `the rule is nested deeper than ${maxDepth} levels`, 'split it, or use $evaluators')];
}

/** Reported once: an object can hold one part many times over, as aliases of YAML do. */
function tooLarge(path: string): Problem {
  return problem(
    path,
    `the rule has more than ${maxRuleParts} parts`,
    'split the flag, or compare with an array by "in"',
  );
}

function checkOperation(rule: Readonly<Record<string, unknown>>, place: RulePlace): Problem[] {
  const [operator, ...more] = Object.keys(rule) as [string, ...string[]];
  if (operator === '$ref' && more.length === 0) return checkReference(rule[operator], place);
  if (more.length > 0) {
    const found = Object.keys(rule).map(show).join(', ');
    return [
      problem(place.path, `an operation has one operator, got ${found}`, 'join them with "and" or "or"'),
    ];
  }
  const full = countParts(1, place);
  if (full !== undefined) return full;
  const path = joinPath(place.path, operator);
  const known = place.operators.get(operator);
  if (known) return known.check(rule[operator], { ...place, path }, operator);
  return [
    problem(
      path,
      `there is no operator "${operator}"`,
      `use one of ${[...place.operators.keys()].join(' ')}`,
    ),
  ];
}

function checkReference(name: unknown, place: RulePlace): Problem[] {
  const { path, evaluators, operators } = place;
  const at = joinPath(path, '$ref');
  if (evaluators === undefined)
    return [problem(at, 'an evaluator refers to another one', 'write its rule out')];
  if (typeof name === 'string' && Object.hasOwn(evaluators, name)) {
    const { parts, deepest } = sizeOf(evaluators[name], operators);
    if (place.depth + 1 + deepest >= maxDepth) return tooDeep(place);
    return countParts(2 + parts, place) ?? [];
  }
  const known = Object.keys(evaluators).map(show).join(', ');
  return [
    problem(
      at,
      `there is no evaluator ${show(name)}`,
      known ? `use one of ${known}` : 'add it to $evaluators',
    ),
  ];
}

type RuleSize = Pick<RulePlace['checked'], 'parts' | 'deepest'>;

const sizes = new WeakMap<object, RuleSize>();

/** The size of an evaluator: it is compiled anew wherever a rule refers to it. */
function sizeOf(evaluator: unknown, operators: Operators): RuleSize {
  if (!isObject(evaluator)) return { parts: 0, deepest: 0 };
  let size = sizes.get(evaluator);
  if (size === undefined) {
    const place = wholePlace('', operators, undefined);
    checkRule(evaluator, place);
    size = place.checked;
    sizes.set(evaluator, size);
  }
  return size;
}
