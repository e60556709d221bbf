import { joinPath, problem, show, type Problem } from '../json/problem.ts';
import { isObject } from '../json/values.ts';
import { checkEach, checkOperand } from './check.ts';
import type { CheckOperand, RulePlace } from './rule.ts';

/** Operands without a bound of their number. */
export const anyNumber: number = Number.POSITIVE_INFINITY;

/** Checks an operator that takes so many operands, each of any kind. */
export function operands(least: number, most: number = least): CheckOperand {
  return (operand, place, operator) =>
    wrongCount(operand, place, operator, least, most) ?? checkEach(operand as unknown[], place);
}

/** Checks an operator that takes one operand, in an array or without one. */
export const oneOperand: CheckOperand = (operand, place, operator) =>
  Array.isArray(operand) ? operands(1)(operand, place, operator) : checkOperand(operand, place);

/** Checks an operator that takes two strings, or rules that make them. */
export const twoStrings: CheckOperand = (operand, place, operator) =>
  wrongCount(operand, place, operator, 2, 2) ??
  (operand as unknown[]).flatMap((item, index) => {
    const at = { ...place, path: joinPath(place.path, index) };
    if (typeof item === 'string') return [];
    if (isObject(item)) return checkOperand(item, at);
    return [
      problem(
        at.path,
        `"${operator}" takes strings, got ${show(item)}`,
        'give it a string, or a rule that makes one',
      ),
    ];
  });

/** The problem of an operand that is not an array of so many; undefined if it is. */
export function wrongCount(
  operand: unknown,
  { path }: RulePlace,
  operator: string,
  least: number,
  most: number,
): Problem[] | undefined {
  if (Array.isArray(operand) && operand.length >= least && operand.length <= most) return undefined;
  const found = Array.isArray(operand) ? String(operand.length) : show(operand);
  const wanted =
    least === most ? `${least}` : most === anyNumber ? `${least} or more` : `${least} or ${most}`;
  return [
    problem(path, `"${operator}" takes ${wanted} operands, got ${found}`, `give it an array of ${wanted}`),
  ];
}
