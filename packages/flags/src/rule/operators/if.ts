import { problem } from '../../json/problem.ts';
import { anyNumber, operands } from '../check-operands.ts';
import { compileBranches } from '../optimize/branches.ts';
import type { Operator } from '../rule.ts';

/**
 * `if`: condition, result, condition, result, ..., otherwise. A lone operand is its own result;
 * without an otherwise, null.
 */
export const choose: Operator = { compile: compileBranches, check: operands(1, anyNumber) };

/**
 * `?:`: JsonLogic's other name of `if`. It compiles; flagd's schema does not list it, so a write is
 * refused.
 */
export const ternary: Operator = {
  compile: compileBranches,
  check: (_operand, { path }) => [problem(path, 'there is no operator "?:"', 'write "if"')],
};
