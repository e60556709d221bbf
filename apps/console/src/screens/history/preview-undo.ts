import { applyFlagChanges, type FlagSet } from '@graylane/flags';
import { segmentsOf, withValueAt } from '../../json/set-path.ts';
import { compare } from '../flags/preview/compare.ts';
import type { Context } from '../flags/preview/contexts.ts';
import type { Revision } from './revisions.ts';

/** Whom an undo would change. */
export interface UndoPreview {
  /** How many contexts get another result of any flag. */
  readonly changed: number;
  readonly flags: readonly string[];
}

/** Evaluates contexts before and after the undo of a revision's flags. */
export function previewUndo(revision: Revision, flags: FlagSet, contexts: readonly Context[]): UndoPreview {
  const undone: Record<string, unknown> = {};
  for (const { path, before } of revision.diff) {
    const [member, key, ...rest] = segmentsOf(path);
    if (member !== 'flags' || typeof key !== 'string') continue;
    const current = Object.hasOwn(undone, key) ? undone[key] : flags.get(key)?.definition;
    undone[key] = withValueAt(current, rest, before);
  }
  const changes = Object.fromEntries(Object.entries(undone).map(([key, value]) => [key, value ?? null]));
  const after = applyFlagChanges(flags, { flags: changes });
  const changed = new Set<number>();
  const names: string[] = [];
  for (const key of Object.keys(changes)) {
    const { compared } = compare(key, flags, after, contexts);
    const moved = compared.filter((one) => one.before !== one.after);
    for (const { index } of moved) changed.add(index);
    if (moved.length > 0) names.push(key);
  }
  return { changed: changed.size, flags: names };
}
