import { isObject } from '../is-object.ts';

/** Operators that are written between their operands. */
const infix: ReadonlySet<string> = new Set(
  '== != === !== < <= > >= in starts_with ends_with + - * / %'.split(' '),
);

/** The most characters of a value, and of a whole condition. */
const [maxValue, maxText] = [60, 300];

/** How deep operations are shown; deeper ones are "…". */
const maxLevels = 6;

/**
 * A condition of a rule in words, as written, e.g. `lane == "gray" and tenant in ["us","qa"]`. For
 * people: long ones are cut.
 */
export function conditionText(logic: unknown): string {
  const text = textOf(logic, maxLevels);
  return text.length <= maxText ? text : `${text.slice(0, maxText - 1)}…`;
}

function textOf(logic: unknown, levels: number): string {
  const [operator, operand] = operationOf(logic);
  if (operator === undefined) return valueText(logic);
  if (levels === 0) return '…';
  const operands = Array.isArray(operand) ? (operand as unknown[]) : [operand];
  if (operator === 'var')
    return typeof operands[0] === 'string' && operands[0] !== '' ? operands[0] : 'the context';
  if (operator === '$ref') return `$ref ${valueText(operands[0])}`;
  const texts = operands.slice(0, 20).map((one) => textOf(one, levels - 1));
  if (operator === 'and' || operator === 'or') {
    return texts
      .map((text, at) => (isJoined(operands[at], operator) ? `(${text})` : text))
      .join(` ${operator} `);
  }
  if (operator === 'sem_ver') return `${texts[0]} ${String(operands[1])} ${texts[2]}`;
  if (operator === '!!' && texts.length === 1) return `${texts[0]} is set`;
  if (operator === '!' && texts.length === 1) return `not (${texts[0]})`;
  if (infix.has(operator) && texts.length === 2) return texts.join(` ${operator.replace('_', ' ')} `);
  return `${operator}(${texts.join(', ')})`;
}

/** Whether an operand of `and` or `or` needs brackets. */
function isJoined(logic: unknown, outer: string): boolean {
  const [operator] = operationOf(logic);
  return (operator === 'and' || operator === 'or') && operator !== outer;
}

/** Only an object with exactly one key is an operation. */
function operationOf(logic: unknown): [operator: string | undefined, operand: unknown] {
  if (!isObject(logic)) return [undefined, undefined];
  const entries = Object.entries(logic);
  const [first] = entries;
  return first !== undefined && entries.length === 1 ? first : [undefined, undefined];
}

function valueText(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.length <= maxValue ? text : `${text.slice(0, maxValue - 1)}…`;
}
