import { applyFlagChangesInSteps, changedFlags, compileFlags, type FlagSet } from '@graylane/flags';
import type { Delta, FlagSink } from '@graylane/source';
import type { Log } from '../log.ts';
import type { PartChange, SharedMembers, Snapshot } from '../model/document.ts';
import { difference } from '../model/parts.ts';
import { TimeSlices } from '../time-slices.ts';
import { RequestError } from '../model/request-error.ts';
import type { HistoryPage, Revision } from '../model/revision.ts';
import type { FlagsChanged, FlagStore, StoreHealth } from '../store/flag-store.ts';
import { StoredRecords } from '../store/file/stored-records.ts';
import { recordsOf, type Records } from '../store/records.ts';

/** The state of the link to the upstream server. */
export interface LinkState {
  readonly connected: boolean;
  readonly since: Date;
  /** Why there is no connection. */
  readonly reason: string | undefined;
}

/** The revisions that a relay has taken over are listed from memory. */
const maxRevisions = 1000;

const nothing = compileFlags({ flags: {} });

/**
 * The flags of one environment of another server, with its revisions. They stay in force while that
 * server can't be reached, for any length of time. Refuses every write.
 */
export class UpstreamStore implements FlagStore {
  readonly records: Records = recordsOf(this, new StoredRecords());
  readonly #upstream: string;
  readonly #environment: string;
  readonly #log: Log;
  readonly #listeners = new Set<(event: FlagsChanged) => void>();
  readonly #linkListeners = new Set<(state: LinkState) => void>();
  readonly #revisions: Revision[] = [];
  #snapshot: Snapshot = { revision: '', flags: nothing, shared: {} };
  #link: LinkState = { connected: false, since: new Date(), reason: 'it has not responded yet' };

  /** `upstream` is the address of the server, for messages. */
  constructor(upstream: string, environment: string, log: Log) {
    this.#upstream = upstream;
    this.#environment = environment;
    this.#log = log;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  get link(): LinkState {
    return this.#link;
  }

  health(): StoreHealth {
    const { connected, since, reason } = this.#link;
    const note = 'the last rules of the upstream server are served until it can be reached';
    return {
      degraded: !connected,
      readOnly: true,
      details: {
        upstream: { url: this.#upstream, environment: this.#environment, connected, since, reason },
        ...(!connected && { note }),
      },
    };
  }

  onChange(listener: (event: FlagsChanged) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls back when the link is lost, refused or back. Returns a function that ends it. */
  onLink(listener: (state: LinkState) => void): () => void {
    this.#linkListeners.add(listener);
    return () => this.#linkListeners.delete(listener);
  }

  write(): Promise<never> {
    const { connected, reason } = this.#link;
    const what = `this server is a relay of ${this.#upstream}, and its flags are changed there`;
    const refusal = connected
      ? new RequestError('read_only', `${what}: send the request to ${this.#upstream}`)
      : new RequestError('unwritable', `${what}; that server can't be reached now: ${reason}`);
    return Promise.reject(refusal);
  }

  history({ limit, before, part }: HistoryPage): Promise<readonly Revision[]> {
    const newest = this.#revisions.toReversed();
    const start = before === undefined ? 0 : newest.findIndex(({ revision }) => revision === before) + 1;
    const older = before !== undefined && start === 0 ? [] : newest.slice(start);
    const touched = older.filter(({ changes }) => part === undefined || changes.some(isOf(part)));
    return Promise.resolve(touched.slice(0, limit));
  }

  revision(revision: string): Promise<Revision | undefined> {
    return Promise.resolve(this.#revisions.find((one) => one.revision === revision));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Takes flags over that were kept on disk. */
  restore(document: object, revision: string): boolean {
    return this.#update(document, revision);
  }

  /** Where the source delivers. */
  get sink(): FlagSink {
    return {
      update: (document, revision) => this.#update(document, revision),
      change: (delta, revision) => this.#change(delta, revision),
      live: () => this.#setLink(undefined),
      stale: (message) => this.#setLink(message),
      refused: (message) => this.#setLink(message),
    };
  }

  #update(document: unknown, revision: string): boolean {
    let flags: FlagSet;
    try {
      flags = compileFlags(document, { previous: this.#snapshot.flags });
    } catch (error) {
      this.#setLink(`sent flags that can't be read: ${(error as Error).message}`);
      return false;
    }
    const { flags: _flags, ...shared } = flags.document;
    this.#publish(flags, shared, revision, changedFlags(this.#snapshot.flags, flags));
    return true;
  }

  /** The flags before the change are served until all of it is compiled. */
  async #change(delta: Delta, revision: string): Promise<boolean> {
    const before = this.#snapshot;
    const { flags: flagsBefore, shared: members } = before;
    let flags: FlagSet;
    try {
      flags = await new TimeSlices().run(applyFlagChangesInSteps(flagsBefore, delta));
    } catch (error) {
      this.#setLink(`sent a change that can't be read: ${(error as Error).message}`);
      return false;
    }
    if (this.#snapshot !== before) return false;
    const { flags: changed, ...shared } = delta;
    const after = new Map<string, unknown>(Object.entries(members));
    for (const [name, value] of Object.entries(shared)) {
      if (value === null) after.delete(name);
      else if (value !== undefined) after.set(name, value);
    }
    const affected = Object.keys(shared).length > 0 ? changedFlags(flagsBefore, flags) : Object.keys(changed);
    this.#publish(flags, Object.fromEntries(after), revision, affected);
    return true;
  }

  #publish(flags: FlagSet, shared: SharedMembers, revision: string, affected: readonly string[]): void {
    const before = this.#snapshot;
    if (before.revision === revision) return;
    const after: Snapshot = { revision, flags, shared };
    const changes = [
      ...affected.flatMap((key) => flagChange(key, before.flags, flags) ?? []),
      ...sharedChanges(before.shared, shared),
    ];
    const entry: Revision = { revision, at: new Date().toISOString(), author: 'upstream', changes };
    this.#snapshot = after;
    this.#revisions.push(entry);
    if (this.#revisions.length > maxRevisions) this.#revisions.shift();
    for (const listener of this.#listeners) listener({ before, after, revision: entry, affected });
  }

  #setLink(message: string | undefined): void {
    const reason = message && inOptionsOfTheServer(message);
    const connected = reason === undefined;
    const before = this.#link;
    if (before.connected === connected && before.reason === reason) return;
    const since = before.connected === connected ? before.since : new Date();
    this.#link = { connected, since, reason };
    const name = `${this.#environment}: `;
    if (connected) this.#log.info(`${name}following ${this.#upstream}`);
    else this.#log.warn(`${name}${reason}; the last rules stay in force`);
    for (const listener of this.#linkListeners) listener(this.#link);
  }
}

function flagChange(key: string, before: FlagSet, after: FlagSet): PartChange | undefined {
  return difference(['flags', key], before.get(key)?.definition, after.get(key)?.definition);
}

function* sharedChanges(before: SharedMembers, after: SharedMembers): Generator<PartChange> {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const change = difference([name], before[name], after[name]);
    if (change !== undefined) yield change;
  }
}

function isOf([member, name]: readonly string[]): (change: PartChange) => boolean {
  return ({ path }) => path[0] === member && (path.length === 1 || path[1] === name);
}

/** A source names the options of the provider; the user of a relay has those of the server. */
function inOptionsOfTheServer(message: string): string {
  return message.replaceAll(/source\.(url|token|ca)\b/g, (_whole, option: string) =>
    option === 'url' ? '--upstream' : `--upstream-${option}`,
  );
}
