import { setTimeout } from 'node:timers/promises';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import type { Snapshot } from '../../model/document.ts';
import { plainText } from '../../model/document-text.ts';
import type { Environments } from '../../store/environments.ts';
import type { FlagStore } from '../../store/flag-store.ts';
import type { FlagSyncService } from './gen/flagd/sync/v1/sync_pb.ts';
import type { LongCalls } from './long-calls.ts';
import { principalKey, selectorOf, selectStore } from './select.ts';
import { SharedMessage, sharedMessagesKey } from './messages/shared-messages.ts';

/** Attributes that in-process providers add to every evaluation context: none. */
const syncContext = {};

/**
 * The time within which changes count as one, in milliseconds: each one sends the whole document.
 */
const burstMs = 50;

/**
 * flagd's sync protocol (`flagd.sync.v1`): whole documents, at once and after changes. The messages
 * here are empty; {@link sharedMessagesKey} holds those that replace them.
 */
export function syncService(
  environments: Environments,
  calls: LongCalls,
): ServiceImpl<typeof FlagSyncService> {
  return {
    async *syncFlags({ selector }, call) {
      const { requestHeader, values } = call;
      const store = selectStore(environments, call, selectorOf(requestHeader, selector));
      for await (const snapshot of snapshots(store, calls, call)) {
        values.get(sharedMessagesKey).push(messageOf(snapshot, syncMessages, true));
        yield { flagConfiguration: '' };
      }
    },
    fetchAllFlags({ selector }, call: HandlerContext) {
      const { requestHeader, values } = call;
      const { snapshot } = selectStore(environments, call, selectorOf(requestHeader, selector));
      values.get(sharedMessagesKey).push(messageOf(snapshot, fetchMessages, false));
      return { flagConfiguration: '' };
    },
    getMetadata() {
      return { metadata: syncContext };
    },
  };
}

/** The snapshot, then newer ones; of a burst of changes only the last. Ends with the call. */
async function* snapshots(
  store: FlagStore,
  calls: LongCalls,
  context: HandlerContext,
): AsyncGenerator<Snapshot> {
  const { signal, values } = context;
  const { call, done } = calls.begin('flagd.sync', store, values.get(principalKey), signal);
  const unsubscribe = store.onChange(() => call.notifier.notify());
  try {
    for (let sent: string | undefined; !signal.aborted; await call.notifier.wait()) {
      if (call.end) throw call.end;
      if (store.snapshot.revision === sent) continue;
      if (sent !== undefined) await setTimeout(burstMs);
      const { snapshot } = store;
      sent = snapshot.revision;
      yield snapshot;
    }
  } finally {
    unsubscribe();
    done();
  }
}

const syncMessages = new WeakMap<Snapshot, SharedMessage>();
const fetchMessages = new WeakMap<Snapshot, SharedMessage>();

function messageOf(
  snapshot: Snapshot,
  messages: WeakMap<Snapshot, SharedMessage>,
  withContext: boolean,
): SharedMessage {
  let message = messages.get(snapshot);
  if (message === undefined) {
    message = new SharedMessage(async (format) => {
      const document = Buffer.concat(await plainText(snapshot));
      return format === 'json' ? jsonMessage(document, withContext) : binaryMessage(document, withContext);
    });
    messages.set(snapshot, message);
  }
  return message;
}

/** `flag_configuration` is field 1, `sync_context` field 2 of SyncFlagsResponse. */
function binaryMessage(document: Buffer, withContext: boolean): Buffer {
  const head = new BinaryWriter().tag(1, WireType.LengthDelimited).uint32(document.length).finish();
  const context = new BinaryWriter().tag(2, WireType.LengthDelimited).uint32(0).finish();
  return Buffer.concat(withContext ? [head, document, context] : [head, document]);
}

function jsonMessage(document: Buffer, withContext: boolean): Buffer {
  const flagConfiguration = document.toString();
  return Buffer.from(JSON.stringify({ flagConfiguration, ...(withContext && { syncContext }) }));
}
