import { wholeMembers, type DeltaEvent } from '@graylane/source';
import type { FlagDocument, FlagStore, PartChange, Revision, Snapshot } from '../../store/flag-store.ts';
import { withEdits } from '../../model/parts.ts';
import { frame, type Frame } from '../../sse/frame.ts';

/** A change as it is told to whoever has the revision before it. */
export interface Delta {
  readonly after: string;
  readonly delta: Frame;
}

/** How many revisions are read at once. */
const pageSize = 50;

/** The changes that have led to a snapshot, the newest first, as far back as the store's history goes. */
export async function* pastDeltas(
  store: FlagStore,
  { revision, document }: Snapshot,
): AsyncGenerator<Delta, void> {
  let shared: FlagDocument = { ...document, flags: {} };
  let next: Revision | undefined;
  for await (const entry of revisions(store)) {
    if (next !== undefined) {
      yield { after: entry.revision, delta: deltaOf(next, shared) };
      shared = withEdits(shared, next.changes.filter(isShared).map(undone));
    } else if (entry.revision !== revision) continue;
    next = entry;
  }
}

/** All revisions, the newest first. */
async function* revisions(store: FlagStore): AsyncGenerator<Revision> {
  let page = await store.history({ limit: pageSize });
  while (page.length > 0) {
    yield* page;
    page = await store.history({ limit: pageSize, before: page.at(-1)?.revision });
  }
}

/** What one revision has changed, where the document had these members after it. */
function deltaOf({ revision, changes }: Revision, shared: FlagDocument): Frame {
  const flags = changes.flatMap(({ path: [member, key], after = null }) =>
    member === 'flags' && key !== undefined ? [[key, after] as const] : [],
  );
  const members = wholeMembers.filter((name) => changes.some(({ path: [member] }) => member === name));
  const data: DeltaEvent = {
    revision,
    flags: Object.fromEntries(flags),
    ...Object.fromEntries(members.map((name) => [name, shared[name] ?? null])),
  };
  return frame('delta', revision, data);
}

function isShared({ path: [member] }: PartChange): boolean {
  return member !== 'flags';
}

function undone({ path, before }: PartChange): { path: PartChange['path']; value: unknown } {
  return { path, value: before };
}
