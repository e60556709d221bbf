import { compileOperand, type Rule, type Scope } from './compile-rule.ts';
import type { Operator } from './operators.ts';

/** `==` and `!=`: JavaScript's loose equality, of JSON values. */
export function loose(verdict: (equal: boolean) => boolean): Operator {
  return (operand, scope) => {
    const [first, second] = operandsOf(operand);
    if (typeof second === 'string') return compareWithText(compileOperand(first, scope, 0), second);
    if (typeof first === 'string') return compareWithText(compileOperand(second, scope, 1), first);
    const one = compileOperand(first, scope, 0);
    const other = compileOperand(second, scope, 1);
    return (data, now) => verdict(looselyEqual(one(data, now), other(data, now)));
  };

  // Most rules compare with a text, and most values are texts: no coercion is needed then.
  function compareWithText(rule: Rule, text: string): Rule {
    const same = verdict(true);
    const different = verdict(false);
    return (data, now) => {
      const value = rule(data, now);
      return (typeof value === 'string' ? value === text : looselyEqual(value, text)) ? same : different;
    };
  }
}

/** `===` and `!==`: no coercion. */
export function strict(verdict: (equal: boolean) => boolean): Operator {
  return (operand, scope) => {
    const [first, second] = compilePair(operand, scope);
    return (data, now) => verdict(first(data, now) === second(data, now));
  };
}

/** `<`, `<=`, `>`, `>=`: texts by code unit, everything else as numbers; with three operands, whether the middle one lies between. */
export function ordered(inOrder: (one: number, other: number) => boolean): Operator {
  return (operand, scope) => {
    const list = operandsOf(operand);
    const [first, second] = compilePair(operand, scope);
    if (list.length < 3) return (data, now) => compare(first(data, now), second(data, now));
    const third = compileOperand(list[2], scope, 2);
    return (data, now) => {
      const middle = second(data, now);
      return compare(first(data, now), middle) && compare(middle, third(data, now));
    };

    // JavaScript compares two texts as texts, and converts everything else to numbers: just what JsonLogic wants.
    function compare(one: unknown, other: unknown): boolean {
      return inOrder(one as number, other as number);
    }
  };
}

function looselyEqual(one: unknown, other: unknown): boolean {
  // oxlint-disable-next-line eqeqeq -- JsonLogic's == is JavaScript's.
  return one == other;
}

function compilePair(operand: unknown, scope: Scope): [Rule, Rule] {
  const [first, second] = operandsOf(operand);
  return [compileOperand(first, scope, 0), compileOperand(second, scope, 1)];
}

/** At least two operands; one that is not written is null. */
function operandsOf(operand: unknown): readonly unknown[] {
  const [first = null, second = null, ...rest] = Array.isArray(operand) ? (operand as unknown[]) : [operand];
  return [first, second, ...rest];
}
