import type { RequestCell } from '@graylane/baggage';

/** Tags of a request by name, e.g. `{ tenant: 'acme' }`. */
export type Tags = Readonly<Record<string, string>>;

const none: Tags = {};
/**
 * A property of the cell: a weak map of all requests would cost the garbage collector more than all
 * else that is done with tags.
 */
const tagsKey = Symbol.for('graylane.telemetry.tags');

interface Tagged {
  [tagsKey]?: Tags;
}

/** The tags of a request; they live as long as its cell. */
export function tagsOf(cell: RequestCell | undefined): Tags {
  return (cell as Tagged | undefined)?.[tagsKey] ?? none;
}

/** Adds tags to a request. Those it has under the same names are replaced. */
export function addTags(cell: RequestCell, tags: Tags): void {
  (cell as Tagged)[tagsKey] = { ...tagsOf(cell), ...tags };
}
