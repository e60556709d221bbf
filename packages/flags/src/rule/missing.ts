import { compileOperand, compileOperands, type Rule } from './compile-rule.ts';
import type { Scope } from './scope.ts';
import { readPath } from './variable.ts';

/** `missing`: which of the paths have no value (absent, null or an empty text). */
export function missing(operand: unknown, scope: Scope): Rule {
  const operands = compileOperands(operand, scope);
  return (data, now) => {
    const paths = Array.isArray(operands) ? operands.map((rule) => rule(data, now)) : operands(data, now);
    return absent(paths, scope, data, now);
  };
}

/** `missing_some`: nothing where at least so many of the paths have a value, else those that have none. */
export function missingSome(operand: unknown, scope: Scope): Rule {
  const [needed = 0, listed = []] = Array.isArray(operand) ? (operand as unknown[]) : [operand];
  const need = compileOperand(needed, scope, 0);
  const list = compileOperand(listed, scope, 1);
  return (data, now) => {
    const paths = list(data, now);
    const without = absent(paths, scope, data, now);
    const present = (Array.isArray(paths) ? paths.length : 0) - without.length;
    return present >= Number(need(data, now)) ? [] : without;
  };
}

function absent(paths: unknown, scope: Scope, data: unknown, now: number | undefined): unknown[] {
  const [first] = paths as unknown[];
  const list = Array.isArray(first) ? (first as unknown[]) : (paths as unknown[]);
  return list.filter((path) => {
    const value = readPath(path, scope)(data, now);
    return value === null || value === '';
  });
}
