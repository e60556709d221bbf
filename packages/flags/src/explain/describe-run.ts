import { evaluatorsPath, joinPath } from '../json/problem.ts';
import { operandOf, operandsOf, operatorOf, truthy } from '../rule/logic.ts';
import type { Scope } from '../rule/scope.ts';
import { bucketOf } from './bucket.ts';
import { choiceOf } from './choice.ts';
import type { ExplainedOperand, ExplainedStep } from './explanation.ts';
import { operandValue, placeIn, type OperationRun } from './operation-run.ts';
import { readOf, readsOf } from './reads.ts';
import { shownValue } from './shown-value.ts';
import { versionsOf } from './versions.ts';

const maxOperands = 20;

/** Describes an operation that ran, with the JSON path where it is written, and those below it. */
export function describeRun(run: OperationRun, path: string): ExplainedStep {
  const { logic, outcome, omitted } = run;
  const operator = operatorOf(logic) ?? '';
  return {
    path,
    operator,
    operands: isChoice(operator) ? [] : operandsShown(run, operator),
    ...(outcome && ('error' in outcome ? outcome : { result: shownValue(outcome.result) })),
    ...detailsOf(run, operator, path),
    steps: run.runs.map((below) => describeRun(below, pathBelow(run, path, below.scope))),
    ...(omitted > 0 && { omitted }),
  };
}

function isChoice(operator: string): boolean {
  return operator === 'if' || operator === '?:';
}

/** The members that only steps of this operator have. */
function detailsOf(run: OperationRun, operator: string, path: string): Partial<ExplainedStep> {
  if (isChoice(operator)) return { choice: choiceOf(run, joinPath(path, operator)) };
  try {
    const bucket = operator === 'fractional' ? bucketOf(run) : undefined;
    const reads = bucket?.keyFrom === 'targetingKey' ? [readOf(run, 'targetingKey')] : readsOf(run, operator);
    const versions = operator === 'sem_ver' ? versionsOf(run) : undefined;
    return { ...(reads.length > 0 && { reads }), ...(bucket && { bucket }), ...(versions && { versions }) };
  } catch {
    // The work of all descriptions has a limit, too: then a step has its operands alone.
    return {};
  }
}

const loops: ReadonlySet<string> = new Set(['map', 'filter', 'reduce', 'all', 'none', 'some']);

function operandsShown(run: OperationRun, operator: string): ExplainedOperand[] {
  const written = operandsOf(operandOf(run.logic)).slice(0, maxOperands);
  if (operator === '$ref')
    return [{ value: shownValue(written[0]), ...(run.runs.length > 0 && { step: 0 }) }];
  const shown: ExplainedOperand[] = [];
  let isOver = false;
  for (const place of written.keys()) {
    // The body of a loop has a value for each element: the steps show it.
    const isSkipped = isOver || (place === 1 && loops.has(operator));
    const operand = isSkipped ? undefined : operandValue(run, place);
    const step = run.runs.findLastIndex(({ scope }) => placeIn(run, scope) === place);
    shown.push(operand ? { value: shownValue(operand.value), ...(step >= 0 && { step }) } : {});
    if (operand !== undefined && decides(operator, operand.value)) isOver = true;
  }
  return shown;
}

/** Whether `and` and `or` stop at this operand. */
function decides(operator: string, value: unknown): boolean {
  return (operator === 'and' && !truthy(value)) || (operator === 'or' && truthy(value));
}

/** The JSON path of an operation among the operands of another one. */
function pathBelow({ logic, scope: above }: OperationRun, path: string, scope: Scope): string {
  if (scope.referenced && !above.referenced) return joinPath(evaluatorsPath, String(operandOf(logic)));
  const segments: (string | number)[] = [];
  for (let at: Scope | undefined = scope; at !== undefined && at !== above; at = at.parent)
    if (at.segment !== undefined) segments.unshift(at.segment);
  const [operator, place, ...more] = segments;
  const isLone = !Array.isArray(operandOf(logic));
  return [operator, ...(isLone ? [] : [place]), ...more]
    .filter((segment) => segment !== undefined)
    .reduce(joinPath, path);
}
