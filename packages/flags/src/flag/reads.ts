import type { Flag } from '../evaluation.ts';
import { isObject } from '../json/values.ts';
import { maxDepth, maxParts } from '../limits.ts';

/**
 * Whether an evaluation of the flag may depend on one of these keys of the evaluation context.
 * False is certain; a rule that computes a path, reads the whole context or refers to an evaluator
 * may read all.
 */
export function mayRead(flag: Flag, keys: ReadonlySet<string>): boolean {
  try {
    const { definition } = flag;
    if (!isObject(definition)) return false;
    return search(definition['targeting'], keys, 2 * maxDepth, { left: maxParts });
  } catch {
    // A getter of the document that throws: compiling the flag reports it.
    return true;
  }
}

function search(rule: unknown, keys: ReadonlySet<string>, depth: number, budget: { left: number }): boolean {
  if (typeof rule !== 'object' || rule === null) return false;
  budget.left -= 1;
  if (depth === 0 || budget.left < 0) return true;
  if (Array.isArray(rule)) return rule.some((item) => search(item, keys, depth - 1, budget));
  return Object.entries(rule).some(
    ([operator, operand]) => readsItself(operator, operand, keys) || search(operand, keys, depth - 1, budget),
  );
}

/** Whether an operator, apart from its operands, reads one of the keys. */
function readsItself(operator: string, operand: unknown, keys: ReadonlySet<string>): boolean {
  switch (operator) {
    case '$ref':
      return true;
    case 'var':
      return mayBe(Array.isArray(operand) ? operand[0] : operand, keys);
    case 'missing':
    case 'missing_some':
      return [operand].flat(2).some((path) => mayBe(path, keys));
    case 'fractional':
      return keys.has('targetingKey');
    default:
      return false;
  }
}

/** Whether a path begins with one of the keys. An empty one is the whole context. */
function mayBe(path: unknown, keys: ReadonlySet<string>): boolean {
  if (typeof path === 'number') return keys.has(String(path).split('.', 1)[0] ?? '');
  if (typeof path !== 'string' || path === '') return true;
  return keys.has(path.split('.', 1)[0] ?? '');
}
