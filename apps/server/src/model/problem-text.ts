import type { Problem } from '@graylane/flags';

/** Problems as lines of a message. */
export function listProblems(problems: readonly Problem[]): string {
  return problems.map((problem) => `\n  ${describeProblem(problem)}`).join('');
}

/** A problem in one line. */
export function describeProblem({ path, message, remedy }: Problem): string {
  return `${path}: ${message}: ${remedy}`;
}
