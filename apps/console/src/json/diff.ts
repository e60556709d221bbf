import { joinPath } from '@graylane/flags';
import { isRecord, sameJson } from './values.ts';

/** A difference at a JSON path; without "before" it was added, without "after" removed. */
export interface Difference {
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/**
 * The differences between two JSON values, as deep as both have objects; arrays differ as a whole.
 */
export function differences(before: unknown, after: unknown, path: string): Difference[] {
  if (sameJson(before, after)) return [];
  if (!isRecord(before) || !isRecord(after)) {
    return [{ path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) }];
  }
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
    differences(before[name], after[name], joinPath(path, name)),
  );
}
