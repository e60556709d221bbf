import { isObject } from '../../is-object.ts';

/**
 * The variants that a targeting can yield; null stands for the default variant. `any` is a rule
 * that computes its result, or nests too deep.
 */
export type Results = ReadonlySet<string | null> | 'any';

/** Rules that nest deeper may yield anything. */
const maxLevels = 100;

const booleans: ReadonlySet<string | null> = new Set(['true', 'false']);
const nothing: ReadonlySet<string | null> = new Set([null]);

const comparisons: ReadonlySet<string> = new Set([
  '==',
  '===',
  '!=',
  '!==',
  '!',
  '!!',
  '<',
  '<=',
  '>',
  '>=',
  'in',
  'all',
  'some',
  'none',
  'starts_with',
  'ends_with',
  'sem_ver',
]);

/**
 * The variants that a targeting can yield, whatever the evaluation context is. Errs on the side of
 * too many.
 */
export function possibleResults(rule: unknown, evaluators: Readonly<Record<string, unknown>>): Results {
  // Each evaluator is read once: those that refer to others twice would take exponential time.
  const shared = new Map<string, Results>();
  const resultsOf = (one: unknown, depth: number): Results => {
    if (one === undefined || one === null) return nothing;
    if (typeof one === 'string' || typeof one === 'boolean' || typeof one === 'number') {
      return new Set([String(one)]);
    }
    if (!isObject(one) || depth === 0) return 'any';
    const [[operator, operand] = ['', undefined], ...more] = Object.entries(one);
    if (more.length > 0) return 'any';
    const operands = Array.isArray(operand) ? (operand as unknown[]) : [operand];
    const of = (inner: unknown): Results => resultsOf(inner, depth - 1);
    if (comparisons.has(operator)) return booleans;
    switch (operator) {
      case 'if':
      case '?:':
        return union(branches(operands).map(of));
      case 'and':
      case 'or':
        return union(operands.map(of));
      case 'fractional':
        return fractionalResults(operands, of);
      case '$ref':
        return typeof operand === 'string' ? ofEvaluator(operand, depth) : 'any';
      default:
        return 'any';
    }
  };
  const ofEvaluator = (name: string, depth: number): Results => {
    const known = shared.get(name);
    if (known !== undefined) return known;
    // One that refers to itself.
    shared.set(name, 'any');
    const results = Object.hasOwn(evaluators, name) ? resultsOf(evaluators[name], depth - 1) : 'any';
    shared.set(name, results);
    return results;
  };
  return resultsOf(rule, maxLevels);
}

/** Whether a targeting can yield one of these variants. */
export function canYield(results: Results, variants: readonly (string | null)[]): boolean {
  return results === 'any' || variants.some((variant) => results.has(variant));
}

/** The results of `if`: every second operand, and the last one, or null. */
function branches(operands: readonly unknown[]): readonly unknown[] {
  const results = operands.filter((_, index) => index % 2 === 1);
  return [...results, operands.length % 2 === 1 ? operands.at(-1) : null];
}

function fractionalResults(operands: readonly unknown[], of: (rule: unknown) => Results): Results {
  const [first] = operands;
  const buckets = Array.isArray(first) ? operands : operands.slice(1);
  if (!buckets.every(Array.isArray)) return 'any';
  const weighed = buckets.filter(([, weight]) => weight !== 0);
  return union([nothing, ...weighed.map(([variant]) => of(variant))]);
}

function union(all: readonly Results[]): Results {
  const results = new Set<string | null>();
  for (const one of all) {
    if (one === 'any') return 'any';
    for (const result of one) results.add(result);
  }
  return results;
}
