import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '@graylane/flags';
import { isObject } from '../../is-object.ts';
import type { ParsedDocument, SharedMembers } from '../../model/document.ts';
import { renameSegments } from './rename-segments.ts';

/** A document, with the name by which messages and segments refer to it. */
export interface NamedDocument extends ParsedDocument {
  readonly name: string;
}

type Members = Readonly<Record<string, unknown>>;

/**
 * Merges documents as flagd merges its sources: of flags with the same key, the one of the last
 * document counts. The segments and the metadata of a document apply to its own flags only: where
 * two documents differ, the segment is renamed, and the metadata moves into the flags.
 */
export function mergeDocuments(
  documents: readonly NamedDocument[],
): ParsedDocument | { readonly problems: readonly Problem[] } {
  const problems = differentHashes(documents);
  if (problems.length > 0) return { problems };
  const common = commonMetadata(documents);
  const clashing = clashingSegments(documents);
  const flags = new Map<string, unknown>();
  const segments: Record<string, unknown> = {};
  let shared: SharedMembers = {};
  for (const { name, flags: own, shared: members } of documents) {
    const { $evaluators, metadata, ...others } = members;
    shared = { ...shared, ...others };
    const names = new Map([...clashing].map((segment) => [segment, `${segment} (${name})`]));
    for (const [segment, rule] of Object.entries(asMembers($evaluators))) {
      segments[names.get(segment) ?? segment] = renameSegments(rule, names);
    }
    const moved = without(asMembers(metadata), common);
    for (const [key, flag] of own) flags.set(key, placed(flag, names, moved));
  }
  return {
    flags,
    shared: {
      ...shared,
      ...(Object.keys(segments).length > 0 && { $evaluators: segments }),
      ...(Object.keys(common).length > 0 && { metadata: common }),
    },
  };
}

/** A flag with the names of segments, and the metadata, that it has in the merged document. */
function placed(flag: unknown, names: ReadonlyMap<string, string>, moved: Members): unknown {
  if (!isObject(flag)) return flag;
  const metadata = { ...moved, ...asMembers(flag['metadata']) };
  return {
    ...flag,
    ...('targeting' in flag && { targeting: renameSegments(flag['targeting'], names) }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  };
}

/** The hash of `fractional` is set for a whole document, and would not move with the flags. */
function differentHashes(documents: readonly NamedDocument[]): Problem[] {
  const hashes = documents.map(({ shared }) => asMembers(shared['metadata'])['fractionalHash']);
  const other = hashes.findIndex((hash) => hash !== hashes[0]);
  if (other < 0) return [];
  const [first, second] = [documents[0]?.name ?? '', documents[other]?.name ?? ''];
  return [
    {
      path: '$.metadata.fractionalHash',
      message: `${first} has ${JSON.stringify(hashes[0])}, and ${second} has ${JSON.stringify(hashes[other])}`,
      remedy: 'set the same value in every file',
    },
  ];
}

/** The members of metadata that all documents have with the same value. */
function commonMetadata(documents: readonly NamedDocument[]): Members {
  const [first = {}, ...others] = documents.map(({ shared }) => asMembers(shared['metadata']));
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) =>
      others.every((other) => Object.hasOwn(other, name) && isDeepStrictEqual(other[name], value)),
    ),
  );
}

/** The segments that two documents define differently. */
function clashingSegments(documents: readonly NamedDocument[]): ReadonlySet<string> {
  const known = new Map<string, unknown>();
  const clashing = new Set<string>();
  for (const { shared } of documents) {
    for (const [name, rule] of Object.entries(asMembers(shared['$evaluators']))) {
      if (known.has(name) && !isDeepStrictEqual(known.get(name), rule)) clashing.add(name);
      known.set(name, rule);
    }
  }
  return clashing;
}

function without(members: Members, removed: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !Object.hasOwn(removed, name)));
}

function asMembers(value: unknown): Members {
  return isObject(value) ? value : {};
}
