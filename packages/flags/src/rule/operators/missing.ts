import { joinPath, problem, show } from '../../json/problem.ts';
import { wrongCount } from '../check-operands.ts';
import { toNumber } from '../coercion.ts';
import { compileOperand, compileOperands } from '../compile.ts';
import { readDynamicPath } from '../path.ts';
import type { CheckOperand, Operator } from '../rule.ts';
import type { Scope } from '../scope.ts';

const checkPaths: CheckOperand = (operand, { path }, operator) => {
  if (Array.isArray(operand) && operand.every((item) => typeof item === 'string')) return [];
  return [problem(path, `"${operator}" takes paths, got ${show(operand)}`, 'give it an array of strings')];
};

/**
 * `missing`: the paths without a value: absent or null, as in flagd. To JsonLogic "" is missing,
 * too.
 */
export const missing: Operator = {
  compile: (operand, scope) => {
    const operands = compileOperands(operand, scope);
    return (data, now) => {
      const paths = Array.isArray(operands) ? operands.map((rule) => rule(data, now)) : operands(data, now);
      const [first] = paths as unknown[];
      return absent(Array.isArray(first) ? first : (paths as unknown[]), scope, data, now);
    };
  },
  check: checkPaths,
};

/**
 * `missing_some`: an empty array if at least `needed` of the paths have a value, otherwise the
 * paths without a value.
 */
export const missingSome: Operator = {
  compile: (operand, scope) => {
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
  },
  check: (operand, place, operator) => {
    const wrong = wrongCount(operand, place, operator, 2, 2);
    if (wrong) return wrong;
    const [need, paths] = operand as [unknown, unknown];
    const message = `"${operator}" takes a number of paths first, got ${show(need)}`;
    return [
      ...(typeof need === 'number' ? [] : [problem(place.path, message, 'give it a number')]),
      ...checkPaths(paths, { ...place, path: joinPath(place.path, 1) }, operator),
    ];
  },
};

function absent(paths: readonly unknown[], scope: Scope, data: unknown, now: number | undefined): unknown[] {
  return paths.filter((path) => readDynamicPath(path, scope, null, data, now) === null);
}
