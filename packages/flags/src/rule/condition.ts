import { joinPath } from '../problem.ts';
import { compileRule, operandsOf, operation, within, type Scope } from './compile-rule.ts';
import { plainVariable } from './variable.ts';

/** A compiled rule of which only matters whether it is true. */
export type Condition = (data: unknown, now: number | undefined) => boolean;

/** JsonLogic's idea of true: JavaScript's, but an empty list is false. */
export function truthy(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

/** Compiles an operand as a condition. */
export function compileCondition(logic: unknown, scope: Scope, index: number): Condition {
  const place = { ...scope, path: joinPath(scope.path, index), answer: undefined };
  const [operator = '', operand] = operation(logic) ?? [];
  if (Array.isArray(operand) && operand.length > 0) {
    if (operator === 'and') return every(compileConditions(operand, within('and', place)));
    if (operator === 'or') return some(compileConditions(operand, within('or', place)));
  }
  const rule = compileRule(logic, place);
  return verdicts.has(operator) ? (rule as Condition) : (data, now) => truthy(rule(data, now));
}

/** What a condition asks that compares one variable with texts. */
export interface TextMatch {
  readonly key: string;
  readonly texts: readonly string[];
}

/** Tells of a condition that is true for these texts and for no other text; of other types it may think what it likes. */
export function textMatch(logic: unknown, scope: Scope): TextMatch | undefined {
  const [operator, operand] = operation(logic) ?? [];
  if (operator !== '==' && operator !== '===' && operator !== 'in') return undefined;
  const [variable, other] = operandsOf(operand);
  const key = plainVariable(variable, scope);
  const texts = operator === 'in' ? other : [other];
  if (key === undefined || !Array.isArray(texts) || !texts.every((text) => typeof text === 'string'))
    return undefined;
  return { key, texts };
}

/** Operators that make true or false, and nothing else. */
const verdicts: ReadonlySet<string> = new Set('== != === !== < <= > >= ! !! in all some none'.split(' '));

function compileConditions(list: readonly unknown[], scope: Scope): Condition[] {
  return list.map((logic, index) => compileCondition(logic, scope, index));
}

function every(conditions: readonly Condition[]): Condition {
  const [first, second] = conditions as [Condition, Condition | undefined];
  if (conditions.length === 2 && second) return (data, now) => first(data, now) && second(data, now);
  return (data, now) => {
    for (const condition of conditions) if (!condition(data, now)) return false;
    return true;
  };
}

function some(conditions: readonly Condition[]): Condition {
  const [first, second] = conditions as [Condition, Condition | undefined];
  if (conditions.length === 2 && second) return (data, now) => first(data, now) || second(data, now);
  return (data, now) => {
    for (const condition of conditions) if (condition(data, now)) return true;
    return false;
  };
}
