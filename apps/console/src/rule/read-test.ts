import { attributeOf, isLiteral, loneOperation } from './operations.ts';
import { comparisons, type Comparison, type Literal, type Test } from './rows.ts';

/** Reads one test of a condition; a block where rows have no form for it. */
export function readTest(source: unknown): Test {
  return readSegment(source) ?? readComparison(source) ?? { kind: 'block', source };
}

function readSegment(source: unknown): Test | undefined {
  const operation = loneOperation(source);
  if (operation === undefined) return undefined;
  if (operation.operator === '$ref' && typeof operation.operand === 'string') {
    return { kind: 'segment', segment: operation.operand, isIn: true, source };
  }
  if (operation.operator !== '!') return undefined;
  const negated = loneOperation(lone(operation.operand));
  if (negated?.operator !== '$ref' || typeof negated.operand !== 'string') return undefined;
  return { kind: 'segment', segment: negated.operand, isIn: false, source };
}

function readComparison(source: unknown): Test | undefined {
  const operation = loneOperation(source);
  if (operation === undefined) return undefined;
  const { operator, operand } = operation;
  if (operator === '!') {
    const inner = readComparison(lone(operand));
    return inner?.kind === 'compare' && inner.operator === 'in'
      ? { ...inner, operator: 'not in', source }
      : undefined;
  }
  if (!Array.isArray(operand)) return undefined;
  const [first, second, third] = operand as unknown[];
  const attribute = attributeOf(first);
  if (operator === 'in') return readMembership(operand, source);
  if (operator === 'sem_ver') {
    if (attribute === undefined || operand.length !== 3 || typeof third !== 'string') return undefined;
    return compare(attribute, `version ${String(second)}`, [third], source);
  }
  if (attribute === undefined || operand.length !== 2 || !isLiteral(second)) return undefined;
  return ['in', 'not in', 'contains'].includes(operator)
    ? undefined
    : compare(attribute, operator, [second], source);
}

/** `{"in": [attribute, list]}`, or `{"in": [part, attribute]}` for a part of a string. */
function readMembership(operand: readonly unknown[], source: unknown): Test | undefined {
  const [first, second] = operand;
  if (operand.length !== 2) return undefined;
  const [subject, container] = [attributeOf(first), attributeOf(second)];
  if (subject !== undefined && Array.isArray(second) && second.every(isLiteral)) {
    return compare(subject, 'in', second, source);
  }
  return container !== undefined && typeof first === 'string'
    ? compare(container, 'contains', [first], source)
    : undefined;
}

function compare(
  attribute: string,
  operator: string,
  values: readonly Literal[],
  source: unknown,
): Test | undefined {
  if (!Object.hasOwn(comparisons, operator)) return undefined;
  return { kind: 'compare', attribute, operator: operator as Comparison, values, source };
}

function lone(operand: unknown): unknown {
  return Array.isArray(operand) && operand.length === 1 ? (operand[0] as unknown) : operand;
}
