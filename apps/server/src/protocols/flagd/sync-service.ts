import type { ServiceImpl } from '@connectrpc/connect';
import type { FlagSyncService } from './gen/flagd/sync/v1/sync_pb.ts';
import type { Environments } from '../../store/environments.ts';
import type { FlagStore, Snapshot } from '../../store/flag-store.ts';
import type { LongCalls } from './long-calls.ts';
import { selectorOf, selectStore } from './select.ts';

/** Attributes that in-process providers are to add to every evaluation context: there are none. */
const syncContext = {};

/** flagd's sync protocol (`flagd.sync.v1`): whole documents, at once and after each change. */
export function syncService(
  environments: Environments,
  calls: LongCalls,
): ServiceImpl<typeof FlagSyncService> {
  return {
    async *syncFlags({ selector }, { requestHeader, signal }) {
      const store = selectStore(environments, requestHeader, selectorOf(requestHeader, selector));
      for await (const snapshot of snapshots(store, calls, signal)) {
        yield { flagConfiguration: textOf(snapshot), syncContext };
      }
    },
    fetchAllFlags({ selector }, { requestHeader }) {
      const { snapshot } = selectStore(environments, requestHeader, selectorOf(requestHeader, selector));
      return { flagConfiguration: textOf(snapshot) };
    },
    getMetadata() {
      return { metadata: syncContext };
    },
  };
}

/** The snapshot, then each newer one; where several have come meanwhile, only the last. Ends with the call. */
async function* snapshots(store: FlagStore, calls: LongCalls, signal: AbortSignal): AsyncGenerator<Snapshot> {
  const { call, done } = calls.begin(store, signal);
  const unsubscribe = store.onChange(() => call.bell.ring());
  try {
    for (let sent: string | undefined; !signal.aborted; await call.bell.heard()) {
      if (call.end) throw call.end;
      const { snapshot } = store;
      if (snapshot.revision === sent) continue;
      sent = snapshot.revision;
      yield snapshot;
    }
  } finally {
    unsubscribe();
    done();
  }
}

const texts = new WeakMap<Snapshot, string>();

/** The document as JSON, written once for all clients. */
function textOf(snapshot: Snapshot): string {
  const text = texts.get(snapshot) ?? JSON.stringify(snapshot.document);
  texts.set(snapshot, text);
  return text;
}
