import { maxLength } from '../limits.ts';
import { compileOperand, compileOperands, type Rule } from './compile-rule.ts';
import type { Scope } from './scope.ts';
import { RuleError } from './rule-error.ts';

/** `cat`: the operands as texts, one after another; null is an empty text. */
export function cat(operand: unknown, scope: Scope): Rule {
  const operands = compileOperands(operand, scope);
  return (data, now) => {
    const values = Array.isArray(operands)
      ? operands.map((rule) => rule(data, now))
      : (operands(data, now) as unknown[]);
    const text = values.map(toText).join('');
    if (text.length > maxLength)
      throw new RuleError(`the rule makes a text of more than ${maxLength} characters`);
    return text;
  };
}

/** `substr`: from a position, counted from the end when negative; so many characters, or all but so many when negative. */
export function substr(operand: unknown, scope: Scope): Rule {
  const [source = null, from = 0, count] = Array.isArray(operand) ? (operand as unknown[]) : [operand];
  const text = compileOperand(source, scope, 0);
  const start = compileOperand(from, scope, 1);
  const length = count === undefined ? undefined : compileOperand(count, scope, 2);
  return (data, now) => {
    const whole = toText(text(data, now));
    const first = Math.trunc(Number(start(data, now))) || 0;
    const rest = whole.slice(first);
    if (length === undefined) return rest;
    const wanted = Math.trunc(Number(length(data, now))) || 0;
    return rest.slice(0, wanted);
  };
}

function toText(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}
