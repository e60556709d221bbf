import { operandOf, operatorOf, truthy } from '../logic.ts';
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

/** A longer chain is not made a function: it would take longer to compile than it ever saves. */
const maxBranches = 200;

/**
 * A chain of branches as a function of its own, which finds the result of the first one whose condition is true, or undefined. It reads
 * each fact by its name, where a closure must look the name up. Only names of facts and texts of lists enter the code, as JSON
 * texts; all else goes in as a value. Answers undefined where the runtime forbids to make code of text (`new Function`).
 */
export function generateChain(branches: readonly GeneratedBranch[], scope: Scope): Rule | undefined {
  if (branches.length > maxBranches) return undefined;
  try {
    const parts = new Parts();
    const lines = branches.map(
      ({ logic, index, result }) =>
        `if (${condition(logic, index, scope, parts)}) return ${parts.add(result)};`,
    );
    const code = `'use strict'; const [${parts.names}] = parts;
return (data, now) => { let fact; ${lines.join('\n')} return undefined; };`;
    // oxlint-disable-next-line typescript/no-implied-eval -- The one place; see the decision record on generated code.
    return (new Function('parts', code) as (values: readonly unknown[]) => Rule)(parts.values);
  } catch {
    // The runtime forbids it, or the rule is too large to be compiled once more: the closures stay.
    return undefined;
  }
}

/** What the code is given as values. */
class Parts {
  readonly values: unknown[] = [];

  get names(): string {
    return this.values.map((_, index) => `part${index}`).join(', ');
  }

  add(value: unknown): string {
    return `part${this.values.push(value) - 1}`;
  }
}

/** JavaScript that tells whether a condition is true; what it can't say by itself it asks the closure. */
function condition(logic: unknown, index: number, scope: Scope, parts: Parts): string {
  const test = factTest(logic, scope);
  if (test) return testOf(test, logic, parts);
  const match = textMatch(logic, scope);
  if (match && match.texts.length > 0) return matchOf(match);
  const key = plainVariable(logic, scope);
  if (key !== undefined) return `${parts.add(truthy)}(${read(key)})`;
  const operator = operatorOf(logic);
  const operand = operandOf(logic);
  if (operator === '!') {
    return `!${condition(Array.isArray(operand) ? (operand[0] ?? null) : operand, 0, scope, parts)}`;
  }
  const joint = joints.get(operator ?? '');
  if (joint && Array.isArray(operand) && operand.length > 0) {
    return `(${operand.map((part, place) => condition(part, place, scope, parts)).join(joint)})`;
  }
  return `${parts.add(compileCondition(logic, scope, index))}(data, now)`;
}

const joints: ReadonlyMap<string, string> = new Map([
  ['and', ' && '],
  ['or', ' || '],
]);

/** Facts of the type of the constant are compared in place: for them JsonLogic's comparisons are JavaScript's strict ones. */
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

/** Only `in` comes here: what is no text is in no list of texts. */
function matchOf({ key, texts }: TextMatch): string {
  const [first, ...others] = texts.map((text) => JSON.stringify(text));
  return `((${read(key)}) === ${first}${others.map((text) => ` || fact === ${text}`).join('')})`;
}

function read(key: string): string {
  return `fact = data[${JSON.stringify(key)}]`;
}
