import type { PartChange, Snapshot } from '../../model/document.ts';
import { changeShared } from '../../model/parts.ts';
import type { Revision } from '../../model/revision.ts';
import type { Frame } from '../../sse/frame.ts';
import type { FlagStore } from '../../store/flag-store.ts';
import { deltaOf } from './delta.ts';

/** A change as an event for clients that have the revision `after` which it was made. */
export interface Delta {
  readonly after: string;
  readonly delta: Frame;
}

/** How many revisions are read at once. */
const pageSize = 50;

/**
 * The changes that led to a snapshot, newest first, as far back as the history of the store goes.
 */
export async function* pastDeltas(store: FlagStore, snapshot: Snapshot): AsyncGenerator<Delta, void> {
  let { shared } = snapshot;
  let next: Revision | undefined;
  for await (const entry of revisions(store)) {
    if (next !== undefined) {
      yield { after: entry.revision, delta: deltaOf(next, shared) };
      shared = changeShared(shared, next.changes.map(undone));
    } else if (entry.revision !== snapshot.revision) continue;
    next = entry;
  }
}

/** All revisions, newest first. */
async function* revisions(store: FlagStore): AsyncGenerator<Revision> {
  let page = await store.history({ limit: pageSize });
  while (page.length > 0) {
    yield* page;
    page = await store.history({ limit: pageSize, before: page.at(-1)?.revision });
  }
}

function undone({ path, before, after }: PartChange): PartChange {
  return { path, before: after, after: before };
}
