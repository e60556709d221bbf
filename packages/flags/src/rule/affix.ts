import { compileOperands } from './compile-rule.ts';
import type { Operator } from './operators.ts';

/** `starts_with` and `ends_with` (flagd): null unless there are exactly two texts. */
export function affix(matches: (text: string, part: string) => boolean): Operator {
  return (operand, scope) => {
    const operands = compileOperands(operand, scope);
    if (Array.isArray(operands)) {
      const [text, part] = operands;
      if (operands.length !== 2 || text === undefined || part === undefined) return () => null;
      return (data, now) => check(text(data, now), part(data, now));
    }
    return (data, now) => {
      const values = operands(data, now) as readonly unknown[];
      return values.length === 2 ? check(values[0], values[1]) : null;
    };
  };

  function check(text: unknown, part: unknown): boolean | null {
    return typeof text === 'string' && typeof part === 'string' ? matches(text, part) : null;
  }
}
