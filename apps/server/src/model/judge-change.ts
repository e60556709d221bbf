import { checkFlag, checkFlags, type Problem } from '@graylane/flags';
import type { FlagDocument, PartChange } from '../store/flag-store.ts';
import { segmentUsers } from './segment-users.ts';

/** What is wrong with the parts that a change writes, and with what it takes away from others. Faults elsewhere are not its own. */
export function judgeChange(document: FlagDocument, changes: readonly PartChange[]): Problem[] {
  return changes.flatMap((change) => judgePart(document, change));
}

function judgePart(document: FlagDocument, { path: [member, name], after }: PartChange): Problem[] {
  if (name === undefined) return after === undefined ? [] : checkFlags({ flags: {}, [member]: after });
  if (member === 'flags') {
    if (after === undefined) return [];
    if (name === '') return checkFlags({ flags: { '': after } });
    return checkFlag(name, after, document['$evaluators'] as Record<string, unknown> | undefined);
  }
  if (after !== undefined) return checkFlags({ flags: {}, $evaluators: { [name]: after } });
  return segmentUsers(document, name).map((path) => ({
    path,
    message: `the segment "${name}" is used here`,
    remedy: 'take the reference out first',
  }));
}
