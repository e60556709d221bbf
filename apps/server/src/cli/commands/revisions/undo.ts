import type { components } from '../../../protocols/admin/gen/admin-api.ts';
import { requestAdmin, refusal, type Target } from '../admin-client.ts';
import { differenceLines } from './difference-lines.ts';
import { revisionLine } from './revision-line.ts';

/** The options of `graylane-server undo REVISION`. */
export interface UndoOptions extends Target {
  readonly revision: string;
  readonly reason?: string | undefined;
}

/**
 * Takes a revision back by a new one, and prints that. Later changes of other parts stay; if a
 * later revision changed the same parts, the server refuses.
 */
export async function undoCommand({ revision, reason, ...target }: UndoOptions): Promise<void> {
  const response = await requestAdmin(target, `/history/${encodeURIComponent(revision)}/undo`, {
    method: 'POST',
    headers: reason === undefined ? {} : { 'graylane-reason': encodeURIComponent(reason) },
  });
  if (response.status !== 200) throw refusal(response);
  const { diff, ...made } = response.body as components['schemas']['Revision'];
  console.log([revisionLine(made), ...differenceLines(diff)].join('\n'));
}
