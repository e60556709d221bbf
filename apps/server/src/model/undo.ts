import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '@graylane/flags';
import type { Content, Edit } from './document.ts';
import { jsonPath, partOf } from './parts.ts';
import type { Revision } from './revision.ts';
import { mergeThreeWay } from './three-way-merge.ts';

/**
 * The edits that take a revision back and leave everything else as it is; or the problems: values
 * that the revision changed and that were changed again since.
 */
export function undoOf(
  { changes, revision }: Revision,
  content: Content,
): { readonly edits: readonly Edit[] } | { readonly problems: readonly Problem[] } {
  if (revision.endsWith('.1')) {
    return {
      problems: [problem('$', 'it is the first revision', 'change single flags instead')],
    };
  }
  const merged = changes.map(({ path, before, after }) => {
    const result = mergeThreeWay(after, before, partOf(content, path), jsonPath(path));
    return { path, result };
  });
  const problems = merged.flatMap(({ result }) =>
    'conflicts' in result ? result.conflicts.map(conflict) : [],
  );
  if (problems.length > 0) return { problems };
  const edits = merged.flatMap(({ path, result }) =>
    'value' in result ? [{ path, value: result.value }] : [],
  );
  const idle = edits.every(({ path, value }) => isDeepStrictEqual(value, partOf(content, path)));
  if (idle)
    return { problems: [problem('$', 'its changes have been undone already', 'choose another revision')] };
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
