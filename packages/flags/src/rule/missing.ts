import { compileOperand, compileOperands, type Rule } from './compile-rule.ts';
import { toNumber } from './coercion.ts';
import type { Scope } from './scope.ts';
import { readPath } from './variable.ts';

/** `missing`: which of the paths have no value (absent, null or an empty text). */
export function missing(operand: unknown, scope: Scope): Rule {
  const operands = compileOperands(operand, scope);
  return (data, now) => {
    const paths = Array.isArray(operands) ? operands.map((rule) => rule(data, now)) : operands(data, now);
    const [first] = paths as unknown[];
    return absent(Array.isArray(first) ? first : (paths as unknown[]), scope, data, now);
  };
}

/** `missing_some`: nothing where at least so many of the paths have a value, else those that have none. */
export function missingSome(operand: unknown, scope: Scope): Rule {
  const [needed = 0, listed = []] = Array.isArray(operand) ? (operand as unknown[]) : [operand];
  const need = compileOperand(needed, scope, 0);
  const list = compileOperand(listed, scope, 1);
  return (data, now) => {
    const wanted = need(data, now);
    const paths = list(data, now);
    const all: readonly unknown[] = Array.isArray(paths) ? paths : [paths];
    const without = absent(all, scope, data, now);
    return all.length - without.length >= toNumber(wanted) ? [] : without;
  };
}

function absent(paths: readonly unknown[], scope: Scope, data: unknown, now: number | undefined): unknown[] {
  return paths.filter((path) => {
    const value = readPath(path, scope)(data, now);
    return value === null || value === '';
  });
}
