import { compileRule } from '../compile.ts';
import { operandOf, operandsOf, operatorOf, truthy } from '../logic.ts';
import { plainVariable } from '../path.ts';
import type { Condition } from '../rule.ts';
import { operandScope, operatorScope, valueScope, type Scope } from '../scope.ts';
import { factTest, type FactTest } from './comparison.ts';

/** Compiles an operand as a condition. */
export function compileCondition(logic: unknown, scope: Scope, index: number): Condition {
  const place = valueScope(operandScope(scope, index));
  const test = factTest(logic, place);
  if (test) return ofFact(test);
  const operator = operatorOf(logic) ?? '';
  const operand = operandOf(logic);
  if (Array.isArray(operand) && operand.length > 0 && scope.owner.trace === undefined) {
    if (operator === 'and') return every(compileConditions(operand, operatorScope(place, 'and')));
    if (operator === 'or') return some(compileConditions(operand, operatorScope(place, 'or')));
  }
  const rule = compileRule(logic, place);
  return verdicts.has(operator) ? (rule as Condition) : (data, now) => truthy(rule(data, now));
}

/** A condition that compares one variable with strings. */
export interface TextMatch {
  readonly key: string;
  readonly texts: readonly string[];
  /** Whether a value of another type can equal one of the strings. */
  readonly loose: boolean;
}

/** Describes a condition that is true for these strings and for no other string. */
export function textMatch(logic: unknown, scope: Scope): TextMatch | undefined {
  const operator = operatorOf(logic);
  if (operator !== '==' && operator !== '===' && operator !== 'in') return undefined;
  const [variable, other] = operandsOf(operandOf(logic));
  const key = plainVariable(variable, scope);
  const texts = operator === 'in' ? other : [other];
  if (key === undefined || !Array.isArray(texts) || !texts.every((text) => typeof text === 'string'))
    return undefined;
  return { key, texts, loose: operator === '==' };
}

/** Operators that return true, false or null, and nothing else. */
const verdicts: ReadonlySet<string> = new Set(
  '== != === !== < <= > >= ! !! in all some none starts_with ends_with sem_ver'.split(' '),
);

function ofFact({ key, accepts }: FactTest): Condition {
  return (data) => {
    const fact = (data as Readonly<Record<string, unknown>>)[key];
    return accepts(fact === undefined ? null : fact);
  };
}

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
