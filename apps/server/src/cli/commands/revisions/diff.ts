import type { components } from '../../../protocols/admin/gen/admin-api.ts';
import { requestAdmin, refusal, type Target } from '../admin-client.ts';
import { changeSlisText } from './change-slis-text.ts';
import { differenceLines } from './difference-lines.ts';

/** The options of `graylane-server diff REVISION [REVISION]`. */
export interface DiffOptions extends Target {
  /** One revision, or the older and the newer of two. */
  readonly revisions: readonly string[];
  /** Print the differences as JSON. */
  readonly json: boolean;
}

/**
 * Prints what a revision changed, with the requests by lane before and after it. Of two revisions,
 * prints how the flags of the newer one differ from those of the older one.
 */
export async function diffCommand({ revisions, json, ...target }: DiffOptions): Promise<void> {
  const [first = '', second] = revisions;
  const path = `/history/${encodeURIComponent(second ?? first)}`;
  const query = second === undefined ? '' : `?from=${encodeURIComponent(first)}`;
  const response = await requestAdmin(target, `${path}${query}`);
  if (response.status !== 200) throw refusal(response);
  const { diff } = response.body as components['schemas']['Revision'];
  if (json) console.log(JSON.stringify(diff, null, 2));
  else console.log(diff.length === 0 ? 'no differences' : differenceLines(diff).join('\n'));
  if (json || second !== undefined) return;
  const slis = await requestAdmin(target, `${path}/slis`);
  if (slis.status === 200)
    process.stdout.write(changeSlisText(slis.body as components['schemas']['ChangeSlis']));
}
