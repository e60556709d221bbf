import { RuleError } from '../../errors.ts';
import { maxLength } from '../../limits.ts';
import { anyNumber, operands, twoStrings } from '../check-operands.ts';
import { toNumber, toText } from '../coercion.ts';
import { compileOperand, compileOperands, compileValues } from '../compile.ts';
import type { Operator } from '../rule.ts';
import { countWork, longText } from '../../work-limit.ts';

/** `cat`: the operands as strings, one after another; null is an empty string. */
export const cat: Operator = {
  compile: (operand, scope) => {
    const valuesOf = compileValues(operand, scope);
    return (data, now) => {
      const values = valuesOf(data, now);
      countWork(4 * values.length);
      const texts = values.map(toText);
      let length = 0;
      for (const text of texts) length += text.length;
      if (length > maxLength)
        throw new RuleError(`the rule makes a string of more than ${maxLength} characters`);
      if (length > longText) countWork(length / 8);
      return texts.join('');
    };
  },
  check: operands(1, anyNumber),
};

/**
 * `substr`: from a position, from the end when negative; so many characters, or all but so many
 * when negative.
 */
export const substr: Operator = {
  compile: (operand, scope) => {
    const [source = null, from = 0, count] = Array.isArray(operand) ? (operand as unknown[]) : [operand];
    const text = compileOperand(source, scope, 0);
    const start = compileOperand(from, scope, 1);
    const length = count === undefined ? undefined : compileOperand(count, scope, 2);
    return (data, now) => {
      const whole = toText(text(data, now));
      const rest = whole.slice(toInteger(start(data, now)));
      return length === undefined ? rest : rest.slice(0, toInteger(length(data, now)));
    };
  },
  check: operands(2, 3),
};

/** `starts_with` (flagd): null unless there are exactly two strings. */
export const startsWith: Operator = affix((text, part) => text.startsWith(part));

/** `ends_with` (flagd): null unless there are exactly two strings. */
export const endsWith: Operator = affix((text, part) => text.endsWith(part));

function affix(matches: (text: string, part: string) => boolean): Operator {
  const counted = (text: string, part: string): boolean => {
    if (part.length > longText) countWork(part.length / 16);
    return matches(text, part);
  };
  const compare = (text: unknown, part: unknown): boolean | null =>
    typeof text === 'string' && typeof part === 'string' ? counted(text, part) : null;
  return {
    compile: (operand, scope) => {
      const rules = compileOperands(operand, scope);
      if (Array.isArray(rules)) {
        const [text, part] = rules;
        if (rules.length !== 2 || text === undefined || part === undefined) return () => null;
        return (data, now) => compare(text(data, now), part(data, now));
      }
      return (data, now) => {
        const values = rules(data, now) as readonly unknown[];
        return values.length === 2 ? compare(values[0], values[1]) : null;
      };
    },
    check: twoStrings,
  };
}

function toInteger(value: unknown): number {
  return Math.trunc(toNumber(value)) || 0;
}
