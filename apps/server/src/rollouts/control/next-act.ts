import { setTimeout as pause } from 'node:timers/promises';
import type { FlagStore } from '../../store/flag-store.ts';
import { actOfRevision } from '../targeting/act-of-revision.ts';

/**
 * Listens for acts of rollouts. Returns a function that ends it: it resolves after an act that has
 * happened meanwhile, or the next one, or so many milliseconds; or when the signal is aborted.
 */
export function listenForAct(store: FlagStore, signal: AbortSignal): (ms: number) => Promise<void> {
  const acting = new AbortController();
  const unsubscribe = store.onChange(({ revision }) => {
    if (actOfRevision(revision) !== undefined) acting.abort();
  });
  return async (ms) => {
    const woken = AbortSignal.any([signal, acting.signal]);
    await pause(ms, undefined, { signal: woken, ref: false }).catch(() => {
      // An act, or the end.
    });
    unsubscribe();
  };
}
