import { isConstant, operandOf, operandsOf } from '../rule/logic.ts';
import type { Scope } from '../rule/scope.ts';

/** One run of an operation. */
export interface OperationRun {
  readonly logic: unknown;
  readonly scope: Scope;
  /** The evaluation context, or the element of a loop. */
  readonly data: unknown;
  readonly now: number | undefined;
  /**
   * The results of the operands that are not constants, by their place among the operands; made
   * for the first one.
   */
  values: Map<number, unknown> | undefined;
  /** The operations among the operands, in the order in which they ran. */
  readonly runs: OperationRun[];
  /** How many of them, and of those below them, are left out. */
  omitted: number;
  /** Undefined while it runs. */
  outcome: { readonly result: unknown } | { readonly error: string } | undefined;
}

/** The value of an operand; undefined if it was not evaluated. */
export function operandValue(
  { logic, values }: OperationRun,
  place: number,
): { readonly value: unknown } | undefined {
  if (values?.has(place)) return { value: values.get(place) };
  const operands = operandsOf(operandOf(logic));
  const written = operands[place];
  return place < operands.length && isConstant(written) ? { value: written } : undefined;
}

/**
 * The place of a rule among the operands of an operation; undefined if it is not an operand of it.
 */
export function placeIn({ scope }: OperationRun, { parent, segment }: Scope): number | undefined {
  // A lone operand, or the rule of an evaluator.
  if (parent === scope) return 0;
  return parent?.parent === scope && typeof segment === 'number' ? segment : undefined;
}
