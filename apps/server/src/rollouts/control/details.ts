import type { FlagStore } from '../../store/flag-store.ts';
import type { Fence, RecordReader } from '../../store/records.ts';
import type { LookDetails, LookSource, Received } from '../evidence/look-source.ts';
import { mergeReceived } from '../evidence/merge-received.ts';
import type { RolloutRecord } from '../process/record.ts';

/** Records of this kind hold signals around an act, by `<rollout>.<act>`. */
const detailsKind = 'rollout-details';

/** Records of this kind hold those that any server of the database has received. */
const receivedKind = 'rollout-received';

/** The parts that details are kept with. */
export interface KeepOptions {
  readonly environment: string;
  readonly store: FlagStore;
  readonly source: LookSource;
  readonly signal: AbortSignal;
  readonly fence: Fence;
}

/** Signals of this many looks before an act belong to it. */
const looksBefore = 20;

/** Keeps the details of the newest act, unless they are kept already. They are for people alone. */
export async function keepDetails(record: RolloutRecord, options: KeepOptions): Promise<void> {
  const { environment, store, source, signal, fence } = options;
  const act = record.acts.at(-1);
  if (act === undefined) return;
  const id = `${record.id}.${act.move}`;
  if ((await store.records.get(detailsKind, id)) !== undefined) return;
  const { lane, guard } = record.definition;
  const to = Date.parse(act.at);
  const from = to - looksBefore * guard.lookSeconds * 1000;
  const question = { environment, source: guard.source, lane, slis: guard.slis, from, to };
  const details = await source.details(question, AbortSignal.any([signal, AbortSignal.timeout(10_000)]));
  await store.records.put(detailsKind, id, details, fence);
}

/** Adds signals that this server has received to those of an act, `<rollout>.<act>`. */
export async function addReceived(store: FlagStore, id: string, received: Received): Promise<void> {
  const { traces, runtime } = received;
  if (traces.gray.length + traces.control.length + runtime.length === 0) return;
  await store.write(async (_current, records) => {
    const before = (await records.get(receivedKind, id)) as Received | undefined;
    const value = before === undefined ? received : mergeReceived(before, received);
    return { author: 'graylane', edits: [], records: [{ kind: receivedKind, id, value }] };
  });
}

/** The details of an act, `<rollout>.<act>`, with all that any server has received. */
export async function readDetails(records: RecordReader, id: string): Promise<LookDetails | undefined> {
  const [kept, received] = (await Promise.all([
    records.get(detailsKind, id),
    records.get(receivedKind, id),
  ])) as [LookDetails | undefined, Received | undefined];
  if (received === undefined) return kept;
  const { traces = { gray: [], control: [] }, runtime = [] } = kept ?? {};
  return { ...kept, ...mergeReceived({ traces, runtime }, received) };
}
