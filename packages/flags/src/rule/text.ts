import { maxLength } from '../limits.ts';
import { compileOperand, compileOperands, type Rule } from './compile-rule.ts';
import { RuleError } from './rule-error.ts';
import type { Scope } from './scope.ts';
import { toNumber, toText } from './coercion.ts';

/** `cat`: the operands as texts, one after another; null is an empty text. */
export function cat(operand: unknown, scope: Scope): Rule {
  const operands = compileOperands(operand, scope);
  return (data, now) => {
    const values = Array.isArray(operands)
      ? operands.map((rule) => rule(data, now))
      : (operands(data, now) as unknown[]);
    const texts = values.map(toText);
    let length = 0;
    for (const text of texts) length += text.length;
    if (length > maxLength) throw new RuleError(`the rule makes a text of more than ${maxLength} characters`);
    return texts.join('');
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
    const rest = whole.slice(toInteger(start(data, now)));
    return length === undefined ? rest : rest.slice(0, toInteger(length(data, now)));
  };
}

function toInteger(value: unknown): number {
  return Math.trunc(toNumber(value)) || 0;
}
