import type { components } from '../../../protocols/admin/gen/admin-api.ts';

type Difference = components['schemas']['Difference'];

/** Differences as lines for the terminal, one a line, indented; `most` of them. */
export function differenceLines(
  diff: readonly Difference[],
  most: number = Number.POSITIVE_INFINITY,
): string[] {
  const lines = diff
    .slice(0, most)
    .map((one) => `  ${one.path}: ${show(one, 'before')} -> ${show(one, 'after')}`);
  return diff.length > most ? [...lines, `  and ${diff.length - most} more`] : lines;
}

function show(values: object, name: 'before' | 'after'): string {
  if (!(name in values)) return 'none';
  const text = JSON.stringify((values as Record<string, unknown>)[name]);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
