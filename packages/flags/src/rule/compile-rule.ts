import { isObject } from '../json.ts';
import { maxDepth } from '../limits.ts';
import { joinPath, show } from '../problem.ts';
import { operators } from './operators.ts';
import { RuleSyntaxError } from './rule-error.ts';

/** A compiled rule: `data` is the evaluation context, or the element an iterating operator is at; `now` is the clock in milliseconds. */
export type Rule = (data: unknown, now: number | undefined) => unknown;

/** What a rule is compiled for, and where in the document it stands. */
export interface Scope {
  readonly flagKey: string;
  readonly fractionalHash: 'v2' | 'v3';
  /** The set's `$evaluators`, for `$ref`. */
  readonly evaluators: Readonly<Record<string, unknown>>;
  readonly path: string;
  readonly depth: number;
  /** Inside map, filter, reduce, all, none or some `data` is an element, and `$flagd` is not there. Elsewhere it is a plain object. */
  readonly iterating: boolean;
  /** Set by `$ref`: references do not nest. */
  readonly referenced: boolean;
  /** Where the result of the rule is that of the flag: makes the answer of it. A result that is written out is looked up only once. */
  readonly answer: ((result: unknown) => unknown) | undefined;
  /** What operators tell of the rule that they are part of. */
  readonly traits: { iterates: boolean };
}

/** Compiles a JsonLogic rule with flagd's operators into closures; no code is generated. Throws a `RuleSyntaxError`. */
export function compileRule(logic: unknown, scope: Scope): Rule {
  const { answer } = scope;
  if (isConstant(logic)) return constant(answer ? answer(logic) : logic);
  const [operator, operand] = operation(logic) ?? ['', undefined];
  if (answer && !passOn.has(operator)) {
    const rule = compileRule(logic, { ...scope, answer: undefined });
    return (data, now) => answer(rule(data, now));
  }
  if (Array.isArray(logic)) return compileList(logic, scope);
  if (operator === '$ref') return compileReference(operand, scope);
  const compile = operators.get(operator);
  const inner = within(operator, scope);
  if (compile) return compile(operand, inner);
  throw new RuleSyntaxError(
    inner.path,
    `there is no operator "${operator}"`,
    `use one of ${[...operators.keys()].join(' ')}`,
  );
}

/** Compiles an operand in the scope of its operator; `index` is its place among the operands. */
export function compileOperand(logic: unknown, scope: Scope, index: number): Rule {
  return compileRule(logic, isConstant(logic) ? scope : { ...scope, path: joinPath(scope.path, index) });
}

/** Compiles an operator's operands. Written without a list, the operand stands for itself, or is a rule that makes the list. */
export function compileOperands(operand: unknown, scope: Scope): Rule[] | Rule {
  if (Array.isArray(operand)) return operand.map((logic, index) => compileOperand(logic, scope, index));
  const rule = compileRule(operand, scope);
  return (data, now) => {
    const result = rule(data, now);
    return Array.isArray(result) ? result : [result];
  };
}

/** Whether a rule is a plain value: JsonLogic takes an object with exactly one key for an operation, and nothing else. */
export function isConstant(logic: unknown): boolean {
  if (typeof logic !== 'object' || logic === null) return true;
  if (Array.isArray(logic)) return logic.every((item) => typeof item !== 'object' || item === null);
  return operation(logic) === undefined;
}

/** The operator and the operand of a rule that is an operation. */
export function operation(logic: unknown): [operator: string, operand: unknown] | undefined {
  if (!isObject(logic)) return undefined;
  const [operator, ...more] = Object.keys(logic);
  return operator === undefined || more.length > 0 ? undefined : [operator, logic[operator]];
}

/** At least two operands; one that is not written is null. */
export function operandsOf(operand: unknown): readonly unknown[] {
  const [first = null, second = null, ...rest] = Array.isArray(operand) ? (operand as unknown[]) : [operand];
  return [first, second, ...rest];
}

/** The scope of an operator's operands. */
export function within(operator: string, scope: Scope): Scope {
  if (scope.depth >= maxDepth) {
    throw new RuleSyntaxError(
      scope.path,
      `the rule is nested deeper than ${maxDepth} levels`,
      'split it, or use $evaluators',
    );
  }
  return { ...scope, path: joinPath(scope.path, operator), depth: scope.depth + 1 };
}

/** Operators whose result is that of one of their operands, so that this one makes the answer. */
const passOn: ReadonlySet<string> = new Set(['if', '?:', 'fractional', '$ref']);

function constant(value: unknown): Rule {
  return () => value;
}

function compileList(list: readonly unknown[], scope: Scope): Rule {
  const deeper = { ...within('', scope), path: scope.path };
  const rules = list.map((logic, index) => compileOperand(logic, deeper, index));
  return (data, now) => rules.map((rule) => rule(data, now));
}

/** `$ref` stands for the text of an evaluator (flagd, "shared evaluators"); one evaluator can't refer to another. */
function compileReference(name: unknown, scope: Scope): Rule {
  const { path } = within('$ref', scope);
  if (scope.referenced)
    throw new RuleSyntaxError(path, 'an evaluator refers to another one', 'write its rule out');
  if (typeof name !== 'string' || !Object.hasOwn(scope.evaluators, name)) {
    const known = Object.keys(scope.evaluators).map((key) => `"${key}"`);
    throw new RuleSyntaxError(
      path,
      `there is no evaluator ${show(name)}`,
      known.length > 0 ? `use one of ${known.join(', ')}` : 'add it to $evaluators',
    );
  }
  return compileRule(scope.evaluators[name], { ...scope, referenced: true, depth: scope.depth + 1 });
}
