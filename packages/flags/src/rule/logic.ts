import { isObject } from '../json/values.ts';

/**
 * Whether a rule is a plain value: only an object with exactly one key is an operation to
 * JsonLogic.
 */
export function isConstant(logic: unknown): boolean {
  if (typeof logic !== 'object' || logic === null) return true;
  if (Array.isArray(logic)) return logic.every((item) => typeof item !== 'object' || item === null);
  return operatorOf(logic) === undefined;
}

/** The operator of a rule that is an operation. */
export function operatorOf(logic: unknown): string | undefined {
  if (!isObject(logic)) return undefined;
  const keys = Object.keys(logic);
  return keys.length === 1 ? keys[0] : undefined;
}

/** The operand of a rule that is an operation, as written. */
export function operandOf(logic: unknown): unknown {
  const operator = operatorOf(logic);
  return operator === undefined ? undefined : (logic as Readonly<Record<string, unknown>>)[operator];
}

/** The operands as they are written; one without an array is the first of them. */
export function operandsOf(operand: unknown): readonly unknown[] {
  return Array.isArray(operand) ? operand : [operand];
}

/** JsonLogic's idea of true: JavaScript's, but an empty array is false. */
export function truthy(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}
