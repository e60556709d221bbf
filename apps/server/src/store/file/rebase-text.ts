import { editDocument } from './edit-document.ts';
import type { PartChange } from '../flag-store.ts';
import { jsonPath, partOf } from '../../model/parts.ts';
import { readDocument } from './read-document.ts';
import { transplant } from '../../model/three-way-merge.ts';

/**
 * A text that somebody made of an older revision, with the changes since then applied to it; where it has changed the same, it is
 * left alone. Undefined where it is no flag document.
 */
export function rebaseText(text: string, changes: readonly PartChange[]): string | undefined {
  const content = readDocument(text, undefined);
  if ('problems' in content) return undefined;
  const { document } = content;
  const edits = changes.flatMap(({ path, before, after }) => {
    const moved = transplant(before, after, partOf(document, path), jsonPath(path));
    return 'conflicts' in moved ? [] : [{ path, value: moved.value }];
  });
  return editDocument({ text, document }, edits).text;
}
