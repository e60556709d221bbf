import type { JsonObject } from '@bufbuild/protobuf';
import type { Environments } from '../../store/environments.ts';
import type { Revision } from '../../model/revision.ts';
import type { FlagStore, FlagsChanged } from '../../store/flag-store.ts';
import type { LongCalls } from './long-calls.ts';

/** An event of flagd's EventStream. */
export interface FlagEvent {
  readonly type: 'provider_ready' | 'configuration_change' | 'keep_alive' | 'provider_shutdown';
  readonly data?: JsonObject;
}

/** What happened to one flag, as flagd says it; `source` is the environment. */
interface Change extends JsonObject {
  type: 'write' | 'update' | 'delete';
  source: string;
  flagKey: string;
}

/**
 * What a caller of EventStream hears: that the server is ready, which flags change, a sign of life every 20 s, and that the server goes.
 * It follows one environment; or, where `store` is undefined, all of them, since flagd's own client asks for events without its selector
 * and must hear of every change to trust its cache. What has not been read yet is kept flag by flag, so a slow reader costs one entry a flag.
 */
export async function* flagEvents(
  environments: Environments,
  store: FlagStore | undefined,
  calls: LongCalls,
  signal: AbortSignal,
): AsyncGenerator<FlagEvent> {
  const { call, done } = calls.begin(store, signal);
  const unread = new Map<string, Change>();
  const endings = new Map<FlagStore, () => void>();
  const unfollow = environments.onCreate((name, followed) => {
    if (store !== undefined && store !== followed) return;
    endings.set(
      followed,
      followed.onChange((event) => {
        for (const change of changesOf(name, event)) unread.set(change.flagKey, change);
        call.notifier.notify();
      }),
    );
  });
  try {
    yield { type: 'provider_ready' };
    for (; !signal.aborted; await call.notifier.wait()) {
      if (unread.size > 0) {
        const flags = Object.fromEntries(unread);
        unread.clear();
        yield { type: 'configuration_change', data: { flags } };
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
    for (const end of endings.values()) end();
    done();
  }
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
