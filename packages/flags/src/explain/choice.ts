import { joinPath } from '../json/problem.ts';
import { operandOf, operandsOf, truthy } from '../rule/logic.ts';
import type { ExplainedChoice, ExplainedCondition } from './explanation.ts';
import { operandValue, placeIn, type OperationRun } from './operation-run.ts';
import { shownValue } from './shown-value.ts';

/** How many conditions are shown from each end of a chain. */
const shownConditions = 50;

/** The branch that `if` took; `path` is the JSON path of its operands. */
export function choiceOf(run: OperationRun, path: string): ExplainedChoice {
  const operand = operandOf(run.logic);
  const operands = operandsOf(operand);
  const pathAt = (place: number): string => (Array.isArray(operand) ? joinPath(path, place) : path);
  const tried: { readonly place: number; readonly value: unknown }[] = [];
  const even = operands.length - (operands.length % 2);
  let taken: number | undefined = even < operands.length ? even : undefined;
  for (let place = 0; place < even; place += 2) {
    const condition = operandValue(run, place);
    // It failed.
    if (condition === undefined) taken = undefined;
    else tried.push({ place, value: condition.value });
    if (condition && truthy(condition.value)) taken = place + 1;
    if (condition === undefined || truthy(condition.value)) break;
  }
  const omitted = Math.max(0, tried.length - 2 * shownConditions);
  const shown =
    omitted === 0 ? tried : [...tried.slice(0, shownConditions), ...tried.slice(-shownConditions)];
  const conditions = shown.map(({ place, value }): ExplainedCondition => {
    const step = run.runs.findLastIndex(({ scope }) => placeIn(run, scope) === place);
    return {
      path: pathAt(place),
      value: shownValue(value),
      holds: truthy(value),
      ...(step >= 0 && { step }),
    };
  });
  return { conditions, omitted, ...(taken !== undefined && { taken: pathAt(taken) }) };
}
