import type { PartChange } from '../model/document.ts';
import { difference, jsonPath } from '../model/parts.ts';
import type { Revision } from '../model/revision.ts';
import type { FlagStore } from './flag-store.ts';

const pageSize = 200;

/**
 * The parts in which the document of a revision differs from that of an older one. Reads all
 * revisions between them; a part that was changed and changed back does not differ. Returns
 * undefined if `from` is not an older revision.
 */
export async function changesSince(
  store: Pick<FlagStore, 'history'>,
  newer: Revision,
  from: string,
): Promise<readonly PartChange[] | undefined> {
  const parts = new Map<string, PartChange>();
  let page: readonly Revision[] = [newer];
  while (page.length > 0) {
    for (const { revision, changes } of page) {
      if (revision === from) {
        return [...parts.values()].flatMap(
          ({ path, before, after }) => difference(path, before, after) ?? [],
        );
      }
      for (const change of changes) addOlder(parts, change);
    }
    page = await store.history({ limit: pageSize, before: page.at(-1)?.revision });
  }
  return undefined;
}

/** The older change supplies the value before, the newer one the value after. */
function addOlder(parts: Map<string, PartChange>, { path, before, after }: PartChange): void {
  const key = jsonPath(path);
  parts.set(key, { path, before, after: parts.has(key) ? parts.get(key)?.after : after });
}
