import { joinPath, problem, type Problem } from '../../json/problem.ts';
import { checkOperand } from '../check.ts';
import { compileOperand, compileRule } from '../compile.ts';
import { isConstant } from '../logic.ts';
import { readDynamicPath, readPath } from '../path.ts';
import type { Operator, Rule, RulePlace } from '../rule.ts';
import type { Scope } from '../scope.ts';
import { countValue } from '../../work-limit.ts';

/** `var`: the value at a path with dots, else the default. An empty path is the whole data. */
export const variable: Operator = {
  compile: (operand, scope) => {
    const rule = compileVariable(operand, scope);
    return scope.iterating ? (data, now) => countValue(rule(data, now)) : rule;
  },
  check: checkVariable,
};

function compileVariable(operand: unknown, scope: Scope): Rule {
  const [path, fallback = null] = Array.isArray(operand) ? (operand as unknown[]) : [operand];
  const otherwise = isConstant(fallback) ? undefined : compileOperand(fallback, scope, 1);
  if (!isConstant(path)) {
    const made = Array.isArray(operand) ? compileOperand(path, scope, 0) : compileRule(path, scope);
    return dynamic(made, scope, otherwise ?? (() => fallback));
  }
  const read = readPath(path, scope, fallback);
  if (otherwise === undefined) return read;
  const absent = Symbol('absent');
  const find = readPath(path, scope, absent);
  return (data, now) => {
    const value = find(data, now);
    return value === absent ? otherwise(data, now) : value;
  };
}

function dynamic(path: Rule, scope: Scope, otherwise: Rule): Rule {
  const absent = Symbol('absent');
  return (data, now) => {
    const name = path(data, now);
    const value = readDynamicPath(Array.isArray(name) ? name[0] : name, scope, absent, data, now);
    return value === absent ? otherwise(data, now) : value;
  };
}

function checkVariable(operand: unknown, place: RulePlace): Problem[] {
  const { path } = place;
  if (Array.isArray(operand) && typeof operand[0] !== 'string' && typeof operand[0] !== 'number') {
    return [problem(path, '"var" has an array without a path', 'give it a path and, if needed, a default')];
  }
  const [name, fallback = null]: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  if (!isConstant(fallback)) return checkOperand(fallback, { ...place, path: joinPath(path, 1) });
  if (typeof name !== 'string' || !name.startsWith('$flagd.') || /^\$flagd\.(timestamp|flagKey)$/.test(name))
    return [];
  return [problem(path, `there is no "${name}"`, 'use $flagd.flagKey or $flagd.timestamp')];
}
