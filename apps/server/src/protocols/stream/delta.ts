import { wholeMembers, type DeltaEvent } from '@graylane/source';
import type { SharedMembers } from '../../model/document.ts';
import type { Revision } from '../../model/revision.ts';
import { frame, frameOfPieces, type Frame } from '../../sse/frame.ts';
import { TimeSlices } from '../../time-slices.ts';

/** More changes than these are written in slices. */
export const manyChanges = 500;

const chunkCharacters = 65_536;

/**
 * The event of one revision, for clients that have the revision before it: changed flags, null for
 * a removed one, and each changed shared member as a whole. `shared` are those after the revision.
 */
export function deltaOf({ revision, changes }: Revision, shared: SharedMembers): Frame {
  const flags = changes.flatMap(({ path: [member, key], after = null }) =>
    member === 'flags' && key !== undefined ? [[key, after] as const] : [],
  );
  const data: DeltaEvent = {
    revision,
    flags: Object.fromEntries(flags),
    ...changedMembers(changes, shared),
  };
  return frame('delta', revision, data);
}

/** The same for a revision of many changes, without blocking the event loop. */
export async function largeDeltaOf({ revision, changes }: Revision, shared: SharedMembers): Promise<Frame> {
  const slices = new TimeSlices();
  const pieces: Buffer[] = [];
  let text = JSON.stringify({ revision, ...changedMembers(changes, shared) }).slice(0, -1);
  text += ',"flags":{';
  let separator = '';
  for (const { path, after = null } of changes) {
    const [member, key] = path;
    if (member !== 'flags' || key === undefined) continue;
    text += `${separator}${JSON.stringify(key)}:${JSON.stringify(after)}`;
    separator = ',';
    if (text.length > chunkCharacters) {
      pieces.push(Buffer.from(text));
      text = '';
    }
    if (slices.over) await slices.next();
  }
  return frameOfPieces('delta', revision, [...pieces, Buffer.from(`${text}}}`)]);
}

function changedMembers(changes: Revision['changes'], shared: SharedMembers): object {
  const names = wholeMembers.filter((name) => changes.some(({ path: [member] }) => member === name));
  return Object.fromEntries(names.map((name) => [name, shared[name] ?? null]));
}
