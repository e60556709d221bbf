import { isRecord } from '../json/values.ts';
import type { Literal } from './rows.ts';

/** Whether a value can stand in one field. */
export function isLiteral(value: unknown): value is Literal {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

/** An object with one member: an operation of JsonLogic. */
export function loneOperation(
  value: unknown,
): { readonly operator: string; readonly operand: unknown } | undefined {
  if (!isRecord(value)) return undefined;
  const [entry, ...more] = Object.entries(value);
  return entry === undefined || more.length > 0 ? undefined : { operator: entry[0], operand: entry[1] };
}

/** The attribute that `{"var": …}` reads, if it has no default. */
export function attributeOf(value: unknown): string | undefined {
  const operation = loneOperation(value);
  if (operation?.operator !== 'var') return undefined;
  const { operand } = operation;
  const path: unknown = Array.isArray(operand) && operand.length === 1 ? operand[0] : operand;
  return typeof path === 'string' && path !== '' ? path : undefined;
}

/** A value as a field shows it: quoted only where it would be read as something else. */
export function showLiteral(value: Literal): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return readLiteral(value) === value && value.trim() === value && value !== ''
    ? value
    : JSON.stringify(value);
}

/**
 * Reads a field: a number, `true`, `false`, `null` or a quoted string as JSON, else as a string.
 */
export function readLiteral(text: string): Literal {
  const trimmed = text.trim();
  if (/^(?:-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|".*")$/.test(trimmed)) {
    try {
      return JSON.parse(trimmed) as Literal;
    } catch {
      // A number like 007 is a string.
    }
  }
  return trimmed;
}

/** Several values in one field; one with a comma or a quote is quoted. */
export function showLiterals(values: readonly Literal[]): string {
  const shown = values.map((value) =>
    typeof value === 'string' && /[,"]/.test(value) ? JSON.stringify(value) : showLiteral(value),
  );
  return shown.join(', ');
}

/** Reads several values, separated by commas; a comma within quotes belongs to its value. */
export function readLiterals(text: string): Literal[] {
  const parts = text.match(/\s*"(?:[^"\\]|\\.)*"\s*|[^,]+/g) ?? [];
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(readLiteral);
}
