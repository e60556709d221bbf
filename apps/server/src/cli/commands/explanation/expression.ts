import type { ExplainedOperand, ExplainedStep, JsonValue } from '@graylane/flags';

/** Operators that are written between their operands. */
const infix: ReadonlySet<string> = new Set(
  '== != === !== < <= > >= in starts_with ends_with sem_ver + - * / %'.split(' '),
);

/** The most characters of a value, and of an expression, on one line. */
const maxText = 60;

/** How deep an expression shows operations within operations; deeper ones have their own lines. */
const maxLevels = 2;

/** An operation in one line, e.g. `tenant == "internal"`. */
export function expressionOf(step: ExplainedStep, levels: number = maxLevels): string {
  const { operator, operands } = step;
  if (operator === 'var') return variableOf(step);
  if (operator === 'if' || operator === '?:' || operator === 'fractional') return operator;
  if (operator === '$ref') return `$ref ${JSON.stringify(operands[0]?.value)}`;
  // Their operands are conditions with lines of their own.
  if (operator === 'and' || operator === 'or') return operator;
  const texts = operands.map((operand) => operandText(operand, step, levels));
  if (operator === 'sem_ver') return [texts[0], operands[1]?.value, texts[2]].join(' ');
  if (infix.has(operator) && texts.length > 1) return texts.join(` ${operator} `);
  if (operator === '!' && texts.length === 1) return `not (${texts[0]})`;
  return `${operator}(${texts.join(', ')})`;
}

/** A value as one line of JSON, cut to 60 characters. */
export function valueText(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length <= maxText ? text : `${text.slice(0, maxText - 1)}…`;
}

/** The name of a variable without a path. */
export function wholeText(ofElement: boolean): string {
  return ofElement ? 'the element' : 'the whole context';
}

function variableOf({ operands, reads = [] }: ExplainedStep): string {
  const path = reads[0]?.path ?? operands[0]?.value;
  if (typeof path === 'string' && path !== '') return path;
  return wholeText(reads[0]?.ofElement ?? false);
}

function operandText({ value, step }: ExplainedOperand, { steps }: ExplainedStep, levels: number): string {
  const made = step === undefined ? undefined : steps[step];
  if (made !== undefined && (levels > 0 || made.operator === 'var')) return expressionOf(made, levels - 1);
  return value === undefined ? '…' : valueText(value);
}
