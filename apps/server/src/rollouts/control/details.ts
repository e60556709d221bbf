import type { FlagStore } from '../../store/flag-store.ts';
import type { Fence } from '../../store/records.ts';
import type { LookSource } from '../evidence/look-source.ts';
import type { RolloutRecord } from '../process/record.ts';

/** Records of this kind hold signals around an act, by `<rollout>.<act>`. */
export const detailsKind = 'rollout-details';

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
