import { create, toBinary, toJsonString, type JsonObject } from '@bufbuild/protobuf';
import type { HandlerContext } from '@connectrpc/connect';
import type { Environments } from '../../store/environments.ts';
import type { Revision } from '../../model/revision.ts';
import type { FlagStore, FlagsChanged } from '../../store/flag-store.ts';
import { EventStreamResponseSchema } from './gen/flagd/evaluation/v2/evaluation_pb.ts';
import type { LongCalls } from './long-calls.ts';
import { principalKey } from './select.ts';
import { SharedMessage } from './messages/shared-messages.ts';

/** An event of flagd's EventStream. */
export interface FlagEvent {
  readonly type: 'provider_ready' | 'configuration_change' | 'keep_alive' | 'provider_shutdown';
  readonly data?: JsonObject;
  /** The same event as bytes, if many calls send it. */
  readonly shared?: SharedMessage | undefined;
}

/** The change of one flag, in flagd's terms; `source` is the environment. */
interface Change extends JsonObject {
  type: 'write' | 'update' | 'delete';
  source: string;
  flagKey: string;
}

/** Which environment a call follows. */
export interface Followed {
  /** The environment, if there is one; it may be created later. */
  readonly store: FlagStore | undefined;
  /** Whether the call follows this environment. */
  includes(this: void, store: FlagStore): boolean;
}

/**
 * The events of a call of EventStream: the server is ready, flags change, a sign of life every 20
 * s, and the server shuts down. Unread changes are merged flag by flag, so a slow reader costs one
 * entry per flag.
 */
export async function* flagEvents(
  environments: Environments,
  { store, includes }: Followed,
  calls: LongCalls,
  { signal, values }: Pick<HandlerContext, 'signal' | 'values'>,
): AsyncGenerator<FlagEvent> {
  const { call, done } = calls.begin('flagd.events', store, values.get(principalKey), signal);
  let unread: readonly Change[] = [];
  const unsubscribes = new Map<FlagStore, () => void>();
  const unfollow = environments.onCreate((name, followed) => {
    if (!includes(followed)) return;
    unsubscribes.set(
      followed,
      followed.onChange((event) => {
        unread = merged(unread, changesOf(name, event));
        call.notifier.notify();
      }),
    );
  });
  try {
    yield { type: 'provider_ready' };
    for (; !signal.aborted; await call.notifier.wait()) {
      if (unread.length > 0) {
        const event = changeEvent(unread);
        unread = [];
        yield event;
      }
      if (call.end) {
        yield { type: 'provider_shutdown' };
        throw call.end;
      }
      if (call.keepAliveDue) {
        call.keepAliveDue = false;
        yield { type: 'keep_alive' };
      }
    }
  } finally {
    unfollow();
    for (const unsubscribe of unsubscribes.values()) unsubscribe();
    done();
  }
}

/** The last change of each flag. A call that has read everything gets the list that all share. */
function merged(earlier: readonly Change[], later: readonly Change[]): readonly Change[] {
  if (earlier.length === 0) return later;
  return [...new Map([...earlier, ...later].map((change) => [change.flagKey, change])).values()];
}

const known = new WeakMap<Revision, readonly Change[]>();

/** A revision in flagd's terms, made once for all callers. */
function changesOf(source: string, { before, after, revision, affected }: FlagsChanged): readonly Change[] {
  let changes = known.get(revision);
  if (changes === undefined) {
    changes = affected.map((flagKey) => {
      const [old, now] = [before.flags.get(flagKey), after.flags.get(flagKey)];
      return { type: now === undefined ? 'delete' : old === undefined ? 'write' : 'update', source, flagKey };
    });
    known.set(revision, changes);
  }
  return changes;
}

const events = new WeakMap<readonly Change[], FlagEvent>();

function changeEvent(changes: readonly Change[]): FlagEvent {
  let event = events.get(changes);
  if (event === undefined) {
    const flags = Object.fromEntries(changes.map((change) => [change.flagKey, change]));
    const type = 'configuration_change';
    const data = { flags };
    // Versions 1 and 2 have the same message.
    const shared = new SharedMessage(async (format) => {
      const message = create(EventStreamResponseSchema, { type, data });
      return format === 'json'
        ? Buffer.from(toJsonString(EventStreamResponseSchema, message))
        : toBinary(EventStreamResponseSchema, message);
    });
    event = { type, data, shared };
    events.set(changes, event);
  }
  return event;
}
