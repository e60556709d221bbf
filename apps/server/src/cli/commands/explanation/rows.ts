import type { ExplainedChoice, ExplainedRead, ExplainedStep } from '@graylane/flags';
import { bucketLines } from './bucket.ts';
import { expressionOf, valueText, wholeText } from './expression.ts';

/** A line, and the lines below it. */
export interface Row {
  readonly text: string;
  readonly below: readonly Row[];
}

/** An operation: what it is, its result and the values that it read; below it, its operands. */
export function operationRow(step: ExplainedStep, mark: string = ''): Row {
  const { error, result } = step;
  const outcome = error === undefined ? valueText(result) : `failed: ${error}`;
  return { text: `${mark}${expressionOf(step)} → ${outcome}${readings(step)}`, below: rowsBelow(step) };
}

function rowsBelow(step: ExplainedStep): readonly Row[] {
  const { choice, bucket, omitted = 0 } = step;
  const rows: Row[] = choice === undefined ? operandRows(step) : choiceRows(step, choice);
  for (const line of bucket === undefined ? [] : bucketLines(bucket)) rows.push(leaf(line));
  if (omitted > 0) rows.push(leaf(`… steps left out: ${omitted}`));
  return rows;
}

/** The conditions that were tried, and the result that was taken. */
function choiceRows(step: ExplainedStep, { conditions, omitted, taken }: ExplainedChoice): Row[] {
  const rows = conditions.map(({ value, holds, step: index }) => {
    const made = index === undefined ? undefined : step.steps[index];
    const mark = markOf(holds);
    return made === undefined ? leaf(`${mark}${valueText(value)}`) : operationRow(made, mark);
  });
  if (omitted > 0) rows.splice(rows.length / 2, 0, leaf(`… conditions left out: ${omitted}`));
  if (taken === undefined) {
    if (step.error === undefined) rows.push(leaf('no condition holds, and there is no other result'));
    return rows;
  }
  const made = step.steps.findLast(({ path }) => path === taken);
  return [...rows, made === undefined ? leaf(`take ${valueText(step.result)}`) : operationRow(made, 'take ')];
}

/** Operations among the operands. A variable beside others is in the line of its operation. */
function operandRows(step: ExplainedStep): Row[] {
  const { operator, operands, steps } = step;
  if (operator !== 'and' && operator !== 'or') {
    return steps.filter((below) => below.operator !== 'var').map((below) => operationRow(below));
  }
  const rows = steps.map((below) => operationRow(below, decisionMark(below)));
  const skipped = operands.filter(({ value }) => value === undefined).length;
  return skipped > 0 && step.error === undefined
    ? [...rows, leaf(`operands not evaluated: ${skipped}`)]
    : rows;
}

function decisionMark({ result }: ExplainedStep): string {
  return typeof result === 'boolean' || result === null ? markOf(result === true) : '';
}

function markOf(holds: boolean): string {
  return holds ? '✓ ' : '✗ ';
}

/** The values that an operation read, after its result. */
function readings(step: ExplainedStep): string {
  const { operator, operands, versions = [] } = step;
  const notes = new Set(readsInLine(step).map(readText));
  if (operator === 'var' && step.reads?.[0]?.present === false) notes.add('absent');
  for (const [index, version] of versions.entries())
    if (version === null) notes.add(`${valueText(operands[2 * index]?.value)} is not a version`);
  return notes.size > 0 ? ` (${[...notes].join(', ')})` : '';
}

/**
 * Its own reads, and those of the variables in its line. A variable shows its value as its result.
 */
function readsInLine({ operator, reads = [], steps }: ExplainedStep): readonly ExplainedRead[] {
  if (operator === 'var') return [];
  if (operator === 'and' || operator === 'or') return reads;
  const variables = steps.filter((below) => below.operator === 'var');
  return [...reads, ...variables.flatMap((variable) => variable.reads ?? [])];
}

function readText({ path, value, present, ofElement }: ExplainedRead): string {
  const name = path === '' ? wholeText(ofElement) : path;
  return present ? `${name} = ${valueText(value)}` : `${name} is absent`;
}

function leaf(text: string): Row {
  return { text, below: [] };
}
