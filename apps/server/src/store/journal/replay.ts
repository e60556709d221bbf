import type { ParsedDocument, PartChange } from '../../model/document.ts';
import { changeShared } from '../../model/parts.ts';
import type { TimeSlices } from '../../time-slices.ts';
import type { Journal } from './journal.ts';

/** The document after the first `n` revisions of a journal, made from the journal alone. */
export async function replay(journal: Journal, n: number, slices: TimeSlices): Promise<ParsedDocument> {
  return replayOnto({ flags: new Map(), shared: {} }, journal, { after: 0, upTo: n }, slices);
}

/**
 * A document that has the first `after` revisions of a journal, with the revisions from there
 * `upTo` a number applied.
 */
export async function replayOnto(
  { flags, shared }: ParsedDocument,
  journal: Journal,
  { after, upTo }: { readonly after: number; readonly upTo: number },
  slices: TimeSlices,
): Promise<ParsedDocument> {
  let now = { flags: new Map(flags), shared };
  await journal.visit({ after, upTo }, async ({ changes, document }) => {
    if (document) {
      const { flags: whole, ...members } = document;
      now = { flags: new Map(Object.entries(whole)), shared: members };
    } else {
      change(now.flags, changes);
      now.shared = changeShared(now.shared, changes);
    }
    if (slices.over) await slices.next();
  });
  return now;
}

function change(flags: Map<string, unknown>, changes: readonly PartChange[]): void {
  for (const { path, after } of changes) {
    const [member, key] = path;
    if (member !== 'flags' || key === undefined) continue;
    if (after === undefined) flags.delete(key);
    else flags.set(key, after);
  }
}
