import type { RequestCell } from '@graylane/baggage';
import { processWide } from '../process-wide.ts';

/** Tags of a request by name, e.g. `{ tenant: 'acme' }`. */
export type Tags = Readonly<Record<string, string>>;

const none: Tags = {};

/** The tags of a request; they live as long as its cell. */
export function tagsOf(cell: RequestCell | undefined): Tags {
  return (cell && store().get(cell)) || none;
}

/** Adds tags to a request. Those it has under the same names are replaced. */
export function addTags(cell: RequestCell, tags: Tags): void {
  store().set(cell, { ...tagsOf(cell), ...tags });
}

function store(): WeakMap<RequestCell, Tags> {
  return processWide('tags', () => new WeakMap<RequestCell, Tags>());
}
