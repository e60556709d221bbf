import { setTimeout as pause } from 'node:timers/promises';
import type { FlagStore } from '../../store/flag-store.ts';
import type { Fence } from '../../store/records.ts';
import type { LookSource } from '../evidence/look-source.ts';

/** The record of this kind holds the past hours of an environment. */
const hoursKind = 'rollout-hours';

/** How often the source is asked whether an hour has ended, in milliseconds. */
const saveMs = 60_000;

/** The parts that hours are kept with. */
export interface HoursOptions {
  readonly environment: string;
  readonly store: FlagStore;
  readonly source: LookSource;
  readonly signal: AbortSignal;
  readonly fence: Fence;
}

/** Keeps the past hours of an environment in its records, until it is aborted. */
export async function keepHours({ environment, store, source, signal, fence }: HoursOptions): Promise<void> {
  if (source.newHours === undefined) return;
  const stored = await store.records.get(hoursKind, 'all');
  if (stored !== undefined) source.restoreHours?.(environment, stored);
  while (!signal.aborted) {
    await pause(saveMs, undefined, { signal, ref: false }).catch(() => {
      // The hours that have ended are saved below, for the last time.
    });
    const hours = source.newHours(environment);
    if (hours !== undefined) await store.records.put(hoursKind, 'all', hours, fence);
  }
}
