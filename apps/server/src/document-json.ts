import { forEachInSlices } from './event-loop-turns.ts';
import type { FlagDocument, Snapshot } from './store/flag-store.ts';

/** The number of flags that are encoded at once. */
const flagsPerPart = 500;

const documents = new WeakMap<Snapshot, Promise<Buffer>>();

/** The JSON of a definition; a definition that did not change is the same object in the next snapshot. */
const definitions = new WeakMap<object, string>();

/**
 * The document of a snapshot as JSON in UTF-8: serialized once for all clients and protocols, in
 * slices, and only as far as it differs from earlier snapshots.
 */
export async function documentJson(snapshot: Snapshot): Promise<Buffer> {
  let bytes = documents.get(snapshot);
  if (bytes === undefined) {
    bytes = serialize(snapshot);
    documents.set(snapshot, bytes);
  }
  return bytes;
}

async function serialize({ flags, document }: Snapshot): Promise<Buffer> {
  const parts: Buffer[] = [];
  let members: string[] = [];
  const flush = (): void => {
    if (members.length === 0) return;
    parts.push(Buffer.from(`${parts.length === 0 ? '' : ','}${members.join()}`));
    members = [];
  };
  await forEachInSlices(flags.keys(), (key) => {
    members.push(`${JSON.stringify(key)}:${definitionJson(flags.get(key)?.definition)}`);
    if (members.length === flagsPerPart) flush();
  });
  flush();
  const shared = JSON.stringify({ ...sharedMembers(document), flags: 0 });
  return Buffer.concat([Buffer.from(`${shared.slice(0, -2)}{`), ...parts, Buffer.from('}}')]);
}

/** The members of a document beside its flags. */
function sharedMembers({ flags: _flags, ...shared }: FlagDocument): object {
  return shared;
}

function definitionJson(definition: unknown): string {
  if (typeof definition !== 'object' || definition === null) return JSON.stringify(definition ?? null);
  let json = definitions.get(definition);
  if (json === undefined) {
    json = JSON.stringify(definition);
    definitions.set(definition, json);
  }
  return json;
}
