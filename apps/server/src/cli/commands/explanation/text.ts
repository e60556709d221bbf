import type { Evaluation, Explanation } from '@graylane/flags';
import { valueText } from './expression.ts';
import { operationRow, type Row } from './rows.ts';

/** An explanation as a tree of lines: the result, then each operation with the values it read. */
export function explanationText({ flag, evaluation, rule }: Explanation): string {
  const lines = [`${flag}: ${resultText(evaluation)} (${evaluation.reason})`];
  if (rule === undefined) lines.push(withoutRule(evaluation));
  else {
    const row = operationRow(rule);
    lines.push(row.text, ...branches(row.below, ''));
    if (evaluation.reason === 'DEFAULT') lines.push('the rule returned null: the default applies');
  }
  return `${lines.join('\n')}\n`;
}

function resultText({ variant, value, errorCode, errorMessage }: Evaluation): string {
  if (errorCode !== undefined) return `${errorCode}: ${errorMessage}`;
  if (variant === undefined) return 'no variant, the default in the code applies';
  return `variant ${valueText(variant)}, value ${valueText(value)}`;
}

function withoutRule({ reason }: Evaluation): string {
  if (reason === 'DISABLED') return 'the flag is disabled: its rule did not run';
  return reason === 'ERROR' ? 'its rule could not run' : 'the flag has no rule';
}

/** Rows as a tree, below `indent`. */
function branches(rows: readonly Row[], indent: string): string[] {
  return rows.flatMap(({ text, below }, index) => {
    const isLast = index === rows.length - 1;
    return [
      `${indent}${isLast ? '└─' : '├─'} ${text}`,
      ...branches(below, `${indent}${isLast ? '  ' : '│ '} `),
    ];
  });
}
