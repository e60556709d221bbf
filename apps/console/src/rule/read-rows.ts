import { isRecord } from '../json/values.ts';
import { isLiteral, loneOperation } from './operations.ts';
import { readTest } from './read-test.ts';
import type { Block, Condition, Outcome, RuleRow, RuleRows, Share } from './rows.ts';

/** Reads the `targeting` of a flag as rows. */
export function readRows(targeting: unknown): RuleRows {
  if (targeting === undefined || targeting === null || isEmpty(targeting)) {
    return { rows: [], otherwise: { kind: 'default' } };
  }
  const operation = loneOperation(targeting);
  if (operation?.operator !== 'if' || !Array.isArray(operation.operand)) {
    return { rows: [], otherwise: readOutcome(targeting) };
  }
  return readChain(operation.operand);
}

/** An `if` within the otherwise of an `if` continues the same chain. */
function readChain(operands: readonly unknown[]): RuleRows {
  const rows: RuleRow[] = [];
  const even = operands.length - (operands.length % 2);
  for (let place = 0; place < even; place += 2) {
    const [condition, result] = [operands[place], operands[place + 1]];
    if (condition === true) return { rows, otherwise: readOutcome(result) };
    rows.push({ condition: readCondition(condition), outcome: readOutcome(result) });
  }
  if (even === operands.length) return { rows, otherwise: { kind: 'default' } };
  const rest = loneOperation(operands[even]);
  if (rest?.operator === 'if' && Array.isArray(rest.operand)) {
    const more = readChain(rest.operand);
    return { rows: [...rows, ...more.rows], otherwise: more.otherwise };
  }
  return { rows, otherwise: readOutcome(operands[even]) };
}

function readCondition(source: unknown): Condition {
  const operation = loneOperation(source);
  if (operation && (operation.operator === 'and' || operation.operator === 'or')) {
    const { operator, operand } = operation;
    if (!Array.isArray(operand) || operand.length === 0) return { kind: 'block', source };
    return { kind: 'tests', join: operator, tests: operand.map(readTest), source };
  }
  const test = readTest(source);
  return test.kind === 'block' ? test : { kind: 'tests', join: 'and', tests: [test], source };
}

function readOutcome(source: unknown): Outcome {
  if (source === null) return { kind: 'default', source };
  if (typeof source === 'string') return { kind: 'variant', variant: source, source };
  const operation = loneOperation(source);
  if (operation?.operator === 'fractional') return readSplit(operation.operand, source);
  return { kind: 'block', source };
}

function readSplit(operand: unknown, source: unknown): Outcome {
  const block: Block = { kind: 'block', source };
  if (!Array.isArray(operand) || operand.length === 0) return block;
  const hasKey = !Array.isArray(operand[0]);
  const shares = (hasKey ? operand.slice(1) : operand).map(readShare);
  if (shares.length === 0 || shares.some((share) => share === undefined)) return block;
  return { kind: 'split', ...(hasKey && { by: operand[0] as unknown }), shares: shares as Share[], source };
}

function readShare(share: unknown): Share | undefined {
  if (!Array.isArray(share) || share.length === 0 || share.length > 2) return undefined;
  const [variant, weight = 1] = share as unknown[];
  if (typeof variant !== 'string' || typeof weight !== 'number' || !isLiteral(weight)) return undefined;
  return { variant, weight };
}

function isEmpty(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length === 0;
}
