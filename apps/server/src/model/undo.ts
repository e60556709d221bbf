import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '@graylane/flags';
import type { Edit, FlagDocument, Revision } from '../store/flag-store.ts';
import { jsonPath, partOf } from './parts.ts';
import { transplant } from './three-way-merge.ts';

/**
 * What takes a revision back and leaves everything else as it is; or what stands in the way: whatever it changed and somebody has
 * changed again since.
 */
export function undoOf(
  { changes, revision }: Revision,
  document: FlagDocument,
): { readonly edits: readonly Edit[] } | { readonly problems: readonly Problem[] } {
  if (revision.endsWith('.1')) {
    return { problems: [problem('$', 'the history begins with it', 'change what is not right')] };
  }
  const moved = changes.map(({ path, before, after }) => {
    const result = transplant(after, before, partOf(document, path), jsonPath(path));
    return { path, result };
  });
  const problems = moved.flatMap(({ result }) =>
    'conflicts' in result ? result.conflicts.map(conflict) : [],
  );
  if (problems.length > 0) return { problems };
  const edits = moved.flatMap(({ path, result }) =>
    'value' in result ? [{ path, value: result.value }] : [],
  );
  const idle = edits.every(({ path, value }) => isDeepStrictEqual(value, partOf(document, path)));
  if (idle) return { problems: [problem('$', 'nothing of it is left', 'it has been taken back already')] };
  return { edits };
}

function conflict(path: string): Problem {
  return problem(
    path,
    'it has been changed again since',
    'undo the later revision first, or change it by hand',
  );
}

function problem(path: string, message: string, remedy: string): Problem {
  return { path, message, remedy };
}
