import { inOrder, looselyEqual, type Order } from '../coercion.ts';
import { isConstant, operandOf, operandsOf, operatorOf } from '../logic.ts';
import { plainVariable } from '../path.ts';
import type { Scope } from '../scope.ts';

/** A condition that compares one fact of the evaluation context with a constant, as most do. */
export interface FactTest {
  readonly key: string;
  readonly constant: unknown;
  /** Null stands for a fact that is absent. */
  readonly accepts: (fact: unknown) => boolean;
}

/** The test that a condition is, if it is one. */
export function factTest(logic: unknown, scope: Scope): FactTest | undefined {
  const operator = operatorOf(logic);
  const test = operator === undefined ? undefined : tests.get(operator);
  if (test === undefined) return undefined;
  const [first, second, ...more] = operandsOf(operandOf(logic));
  if (more.length > 0) return undefined;
  const key = plainVariable(first, scope);
  if (key !== undefined)
    return isConstant(second) ? { key, constant: second, accepts: test(second) } : undefined;
  const other = symmetric.has(test) && isConstant(first) ? plainVariable(second, scope) : undefined;
  return other === undefined ? undefined : { key: other, constant: first, accepts: test(first) };
}

/** The tests that a condition is, all of which must hold: one, or several that "and" joins. */
export function factTests(logic: unknown, scope: Scope): readonly FactTest[] | undefined {
  const operand = operandOf(logic);
  const joined = operatorOf(logic) === 'and' && Array.isArray(operand) && operand.length > 0;
  const found: FactTest[] = [];
  for (const condition of joined ? (operand as unknown[]) : [logic]) {
    const test = factTest(condition, scope);
    if (test === undefined) return undefined;
    found.push(test);
  }
  return found;
}

type Test = (constant: unknown) => FactTest['accepts'];

/** For two strings or two numbers, `==` is `===`. */
const equals: Test = (constant) => {
  if (typeof constant === 'string')
    return (fact) => (typeof fact === 'string' ? fact === constant : looselyEqual(fact, constant));
  if (typeof constant === 'number')
    return (fact) => (typeof fact === 'number' ? fact === constant : looselyEqual(fact, constant));
  return (fact) => looselyEqual(fact, constant);
};

const is: Test = (constant) => (fact) => fact === constant;

function not(test: Test): Test {
  return (constant) => {
    const accepts = test(constant);
    return (fact) => !accepts(fact);
  };
}

const less: Order = (one, other) => one < other;
const lessOrEqual: Order = (one, other) => one <= other;
const greater: Order = (one, other) => one > other;
const greaterOrEqual: Order = (one, other) => one >= other;

// One function an operator, for speed: an order that is handed in would cost a call more.
const below: Test = (constant) => {
  const bound = constant as number;
  return (fact) => (typeof fact === 'number' ? fact < bound : inOrder(less, fact, bound));
};

const atMost: Test = (constant) => {
  const bound = constant as number;
  return (fact) => (typeof fact === 'number' ? fact <= bound : inOrder(lessOrEqual, fact, bound));
};

const above: Test = (constant) => {
  const bound = constant as number;
  return (fact) => (typeof fact === 'number' ? fact > bound : inOrder(greater, fact, bound));
};

const atLeast: Test = (constant) => {
  const bound = constant as number;
  return (fact) => (typeof fact === 'number' ? fact >= bound : inOrder(greaterOrEqual, fact, bound));
};

const differs = not(equals);
const isNot = not(is);

/** Tests for which the order of the operands does not matter. */
const symmetric: ReadonlySet<Test> = new Set([equals, differs, is, isNot]);

const tests: ReadonlyMap<string, Test> = new Map([
  ['==', equals],
  ['!=', differs],
  ['===', is],
  ['!==', isNot],
  ['<', below],
  ['<=', atMost],
  ['>', above],
  ['>=', atLeast],
]);
