import type { components } from '../../../protocols/admin/gen/admin-api.ts';
import { requestAdmin, refusal, type Target } from '../admin-client.ts';
import { differenceLines } from './difference-lines.ts';
import { revisionLine } from './revision-line.ts';

/** The options of `graylane-server history [FLAG]`. */
export interface HistoryOptions extends Target {
  readonly flag?: string | undefined;
}

type History = components['schemas']['History'];

const shownDifferences = 5;

/**
 * Prints the newest 50 revisions of an environment or a flag: author, time, reason and differences.
 */
export async function historyCommand({ flag, ...target }: HistoryOptions): Promise<void> {
  const path = flag === undefined ? '/history' : `/flags/${encodeURIComponent(flag)}/history`;
  const response = await requestAdmin(target, path);
  if (response.status !== 200) throw refusal(response);
  for (const { diff, ...revision } of (response.body as History).revisions) {
    console.log([revisionLine(revision), ...differenceLines(diff, shownDifferences)].join('\n'));
  }
}
