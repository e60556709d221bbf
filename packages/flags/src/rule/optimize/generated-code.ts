import { operandOf, operatorOf, truthy } from '../logic.ts';
import { setOf, worthASet } from '../list-set.ts';
import { plainVariable } from '../path.ts';
import type { Rule } from '../rule.ts';
import type { Scope } from '../scope.ts';
import { factTest, type FactTest } from './comparison.ts';
import { compileCondition, textMatch, type TextMatch } from './condition.ts';

/** One branch of a chain. */
export interface GeneratedBranch {
  readonly logic: unknown;
  /** Its place among the operands of the chain. */
  readonly index: number;
  readonly result: unknown;
}

/**
 * How many branches, and conditions in them, one function has at most: it compiles in about 1 ms.
 */
export const maxBranches = 50;
const maxConditions = 200;
const maxCode = 32_000;

/**
 * Compiles up to `maxBranches` branches into a function of their own, which returns the result of
 * the first branch whose condition is true, or undefined. It reads each fact by its name, where a
 * closure must look the name up. Only the names of facts and the strings of short lists enter the
 * code, as JSON strings; all other values are passed to it. Returns undefined where the runtime
 * forbids code from strings (`new Function`).
 */
export function generateChain(branches: readonly GeneratedBranch[], scope: Scope): Rule | undefined {
  try {
    const parts = new Parts();
    const lines = branches.map(
      ({ logic, index, result }) =>
        `if (${condition(logic, index, scope, parts)}) return ${parts.add(result)};`,
    );
    const code = `'use strict'; const [${parts.names}] = parts;
return (data, now) => { let fact; ${lines.join('\n')} return undefined; };`;
    // Names of facts can be long: then the closures stay.
    if (code.length > maxCode) return undefined;
    // oxlint-disable-next-line typescript/no-implied-eval -- See docs/decisions/0010.
    return (new Function('parts', code) as (values: readonly unknown[]) => Rule)(parts.values);
  } catch {
    // The runtime forbids it, or the rule is too large to be compiled again: the closures stay.
    return undefined;
  }
}

/** The values that are passed to the code. */
class Parts {
  readonly values: unknown[] = [];
  /** How many conditions are written out. */
  conditions = 0;

  get names(): string {
    return this.values.map((_, index) => `part${index}`).join(', ');
  }

  add(value: unknown): string {
    return `part${this.values.push(value) - 1}`;
  }
}

/**
 * JavaScript for a condition; of a kind that is not written out here, or beyond the bound, a call
 * of the closure.
 */
function condition(logic: unknown, index: number, scope: Scope, parts: Parts): string {
  parts.conditions += 1;
  if (parts.conditions > maxConditions) return closure(logic, index, scope, parts);
  const test = factTest(logic, scope);
  if (test) return testOf(test, logic, parts);
  const match = textMatch(logic, scope);
  if (match && match.texts.length > 0) return matchOf(match, parts);
  const key = plainVariable(logic, scope);
  if (key !== undefined) return `${parts.add(truthy)}(${read(key)})`;
  const operator = operatorOf(logic);
  const operand = operandOf(logic);
  if (operator === '!') {
    return `!${condition(Array.isArray(operand) ? (operand[0] ?? null) : operand, 0, scope, parts)}`;
  }
  const joint = joints.get(operator ?? '');
  if (joint && Array.isArray(operand) && operand.length > 0 && operand.length <= maxConditions) {
    return `(${operand.map((part, place) => condition(part, place, scope, parts)).join(joint)})`;
  }
  return closure(logic, index, scope, parts);
}

function closure(logic: unknown, index: number, scope: Scope, parts: Parts): string {
  return `${parts.add(compileCondition(logic, scope, index))}(data, now)`;
}

const joints: ReadonlyMap<string, string> = new Map([
  ['and', ' && '],
  ['or', ' || '],
]);

/**
 * Facts of the type of the constant are compared in place: for them JsonLogic's comparisons are
 * JavaScript's strict ones.
 */
function testOf({ key, constant, accepts }: FactTest, logic: unknown, parts: Parts): string {
  const comparison = comparisons.get(operatorOf(logic) ?? '');
  const type = typeof constant;
  const inPlace = type === 'number' || (type === 'string' && comparison?.endsWith('=='));
  const otherwise = `${parts.add(accepts)}(fact === undefined ? null : fact)`;
  if (!inPlace) return `(${read(key)}, ${otherwise})`;
  return `(typeof (${read(key)}) === '${type}' ? fact ${comparison} ${parts.add(constant)} : ${otherwise})`;
}

const comparisons: ReadonlyMap<string, string> = new Map([
  ['==', '==='],
  ['===', '==='],
  ['!=', '!=='],
  ['!==', '!=='],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
]);

/** Only `in` gets here, and a fact that is not a string is in no list of strings. */
function matchOf({ key, texts }: TextMatch, parts: Parts): string {
  if (texts.length >= worthASet) return `${parts.add(setOf(texts))}.has(${read(key)})`;
  const [first, ...others] = texts.map((text) => JSON.stringify(text));
  return `((${read(key)}) === ${first}${others.map((text) => ` || fact === ${text}`).join('')})`;
}

function read(key: string): string {
  return `fact = data[${JSON.stringify(key)}]`;
}
