import type { ServiceImpl } from '@connectrpc/connect';
import { Code, ConnectError } from '@connectrpc/connect';
import type { FlagSyncService } from '../gen/flagd/sync/v1/sync_pb.ts';
import type { FlagStore, Snapshot } from '../store/flag-store.ts';

/** flagd's sync protocol (`flagd.sync.v1`): whole documents, at once and after each change. */
export function syncService(store: FlagStore): ServiceImpl<typeof FlagSyncService> {
  const configuration = ({ document }: Snapshot): { flagConfiguration: string } => ({
    flagConfiguration: JSON.stringify(document),
  });
  return {
    async *syncFlags({ selector }, { requestHeader, signal }) {
      select(store, requestHeader.get('flagd-selector') ?? selector);
      for await (const snapshot of snapshots(store, signal)) yield configuration(snapshot);
    },
    fetchAllFlags({ selector }, { requestHeader }) {
      select(store, requestHeader.get('flagd-selector') ?? selector);
      return configuration(store.snapshot);
    },
    getMetadata() {
      return { metadata: { ...store.snapshot.flags.metadata } };
    },
  };
}

/** `flagSetId=x` picks a set by its metadata; there is one here. An empty selector takes it as it is. */
function select({ snapshot }: FlagStore, selector: string): void {
  const { flagSetId } = snapshot.flags.metadata;
  if (selector === '' || (flagSetId !== undefined && selector === `flagSetId=${flagSetId}`)) return;
  const known =
    flagSetId === undefined ? 'this server has one set without an id' : `use "flagSetId=${flagSetId}"`;
  throw new ConnectError(
    `the selector ${JSON.stringify(selector)} picks no flags: ${known}, or no selector`,
    Code.InvalidArgument,
  );
}

/** The snapshot, then each newer one; where several have come meanwhile, only the last. Ends with the call. */
async function* snapshots(store: FlagStore, signal: AbortSignal): AsyncGenerator<Snapshot> {
  let wake = (): void => {};
  const unsubscribe = store.onChange(() => wake());
  signal.addEventListener('abort', () => wake());
  try {
    for (let sent: string | undefined; !signal.aborted;) {
      const { snapshot } = store;
      if (snapshot.revision !== sent) {
        sent = snapshot.revision;
        yield snapshot;
      } else {
        await new Promise<void>((resolve) => (wake = resolve));
      }
    }
  } finally {
    unsubscribe();
  }
}
