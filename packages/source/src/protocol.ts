/** The events of the change stream, by their name: what the server sends and `UrlSource` reads. */
export interface StreamEvents {
  /** The whole document: the first event of a client whose revision the server does not know. */
  readonly snapshot: SnapshotEvent;
  /** One revision's changes, for a client that has the revision before it. */
  readonly delta: DeltaEvent;
  /** The client already has the newest revision. */
  readonly current: CurrentEvent;
}

/**
 * A header of the change stream: the version of the server, and the ids of the servers that it
 * passed, from the origin on. A server that sends it takes the reports of its clients.
 */
export const serverHeader = 'graylane-server';

/** The data of a `snapshot`. */
export interface SnapshotEvent extends CurrentEvent {
  /** Whether the client had a revision that the server no longer knows. */
  readonly resync: boolean;
  /** A flagd document. */
  readonly document: object;
}

/** The data of a `delta`. */
export interface DeltaEvent extends CurrentEvent, Delta {}

/** The data of a `current`, and what every event has. */
export interface CurrentEvent {
  /** Names the state after the event; the client sends it as `Last-Event-ID` when it reconnects. */
  readonly revision: string;
}

/** The difference between two documents. */
export interface Delta {
  /** The definitions of added and changed flags by key; null removes a flag. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** The new value, if it changed; null removes it. */
  readonly $evaluators?: unknown;
  /** The new value, if it changed; null removes it. */
  readonly metadata?: unknown;
  /** The new kills, if they changed; null removes them all. */
  readonly $killed?: unknown;
}

/** The members of a document, beside its flags, that a delta replaces as a whole. */
export const wholeMembers: readonly string[] = ['$evaluators', 'metadata', '$killed'];

/**
 * Returns the document after a change. The given document is not modified; unchanged parts are
 * shared.
 * @throws {TypeError} if the change has no flags.
 */
export function applyDelta(
  document: object,
  { flags: changes, $evaluators, metadata, $killed }: Delta,
): object {
  if (typeof changes !== 'object' || changes === null) throw new TypeError('sent a change without flags');
  const { flags } = document as { flags?: object };
  return {
    ...merge(document, present({ $evaluators, metadata, $killed })),
    flags: merge(flags ?? {}, changes),
  };
}

function merge(target: object, changes: object): object {
  const removed = Object.entries(changes).filter(([, value]) => value === null);
  const merged: Record<string, unknown> = { ...target, ...changes };
  for (const [key] of removed) delete merged[key];
  return merged;
}

function present(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
