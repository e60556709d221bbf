import { compileOperand, compileRule, type Rule, type Scope } from './compile-rule.ts';

/** JsonLogic's idea of true: JavaScript's, but an empty list is false. */
export function truthy(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

/** `if`: condition, result, condition, result, ..., otherwise. A lone operand is its own result; no otherwise is null. */
export function choose(operand: unknown, scope: Scope): Rule {
  const rules = Array.isArray(operand)
    ? operand.map((logic, index) => compileOperand(logic, scope, index))
    : [compileRule(operand, scope)];
  let chain: Rule = rules.length % 2 === 1 ? (rules.at(-1) as Rule) : () => null;
  for (let index = rules.length - (rules.length % 2) - 2; index >= 0; index -= 2) {
    chain = branch(rules[index] as Rule, rules[index + 1] as Rule, chain);
  }
  return chain;
}

/** `or`: the first operand that is true, else the last; null without operands. */
export function or(operand: unknown, scope: Scope): Rule {
  return fold(operand, scope, (first, second) => (data, now) => {
    const value = first(data, now);
    return truthy(value) ? value : second(data, now);
  });
}

/** `and`: the first operand that is false, else the last; null without operands. */
export function and(operand: unknown, scope: Scope): Rule {
  return fold(operand, scope, (first, second) => (data, now) => {
    const value = first(data, now);
    return truthy(value) ? second(data, now) : value;
  });
}

/** `!`: whether the operand is false. */
export function not(operand: unknown, scope: Scope): Rule {
  const rule = onlyOperand(operand, scope);
  return (data, now) => !truthy(rule(data, now));
}

/** `!!`: whether the operand is true. */
export function truth(operand: unknown, scope: Scope): Rule {
  const rule = onlyOperand(operand, scope);
  return (data, now) => truthy(rule(data, now));
}

function branch(condition: Rule, then: Rule, otherwise: Rule): Rule {
  return (data, now) => {
    const value = condition(data, now);
    return value === true || (value !== false && truthy(value)) ? then(data, now) : otherwise(data, now);
  };
}

function fold(operand: unknown, scope: Scope, join: (first: Rule, second: Rule) => Rule): Rule {
  if (!Array.isArray(operand)) return compileRule(operand, scope);
  const rules = operand.map((logic, index) => compileOperand(logic, scope, index));
  return (
    rules.reduceRight<Rule | undefined>((rest, rule) => (rest ? join(rule, rest) : rule), undefined) ??
    (() => null)
  );
}

function onlyOperand(operand: unknown, scope: Scope): Rule {
  return Array.isArray(operand) ? compileOperand(operand[0] ?? null, scope, 0) : compileRule(operand, scope);
}
