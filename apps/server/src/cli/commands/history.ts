import type { components } from '../../protocols/admin/gen/admin-api.ts';
import { requestAdmin, refusal, type Target } from './admin-client.ts';

/** The options of `graylane-server history [FLAG]`. */
export interface HistoryOptions extends Target {
  readonly flag?: string | undefined;
}

type History = components['schemas']['History'];

const shownDiffs = 5;

/**
 * Prints the newest 50 revisions of an environment or a flag: author, time, reason and differences.
 */
export async function historyCommand({ flag, ...target }: HistoryOptions): Promise<void> {
  const path = flag === undefined ? '/history' : `/flags/${encodeURIComponent(flag)}/history`;
  const response = await requestAdmin(target, path);
  if (response.status !== 200) throw refusal(response);
  for (const { revision, at, author, reason, diff } of (response.body as History).revisions) {
    console.log(`${revision}  ${at}  ${author}${reason === undefined ? '' : `  ${reason}`}`);
    for (const one of diff.slice(0, shownDiffs))
      console.log(`  ${one.path}: ${show(one, 'before')} -> ${show(one, 'after')}`);
    if (diff.length > shownDiffs) console.log(`  and ${diff.length - shownDiffs} more`);
  }
}

function show(values: object, name: 'before' | 'after'): string {
  if (!(name in values)) return 'none';
  const text = JSON.stringify((values as Record<string, unknown>)[name]);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
