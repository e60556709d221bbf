import { signal, useSignal, useSignalEffect, type ReadonlySignal } from '@preact/signals';
import { useCallback, useEffect } from 'preact/hooks';
import type { ApiError } from '../api/request.ts';

/** Something that a screen reads from the server. */
export type Resource<T> =
  | { readonly state: 'waiting' }
  | { readonly state: 'ready'; readonly value: T; readonly error?: ApiError }
  | { readonly state: 'failed'; readonly error: ApiError };

/**
 * Reads something when the component appears, when a signal that `load` reads changes, at `reload`,
 * and every so often while the page is visible. While it is read again the old value stays; a
 * failure then comes beside it.
 */
export function useResource<T>(
  load: () => Promise<T>,
  { everyMs }: { readonly everyMs?: number } = {},
): {
  readonly resource: ReadonlySignal<Resource<T>>;
  readonly reload: () => void;
} {
  const resource = useSignal<Resource<T>>({ state: 'waiting' });
  const turn = useSignal(0);
  useSignalEffect(() => {
    void turn.value;
    let isOver = false;
    load().then(
      (value) => {
        if (!isOver) resource.value = { state: 'ready', value };
      },
      (error: ApiError) => {
        if (isOver) return;
        const before = resource.peek();
        resource.value = before.state === 'ready' ? { ...before, error } : { state: 'failed', error };
      },
    );
    return () => (isOver = true);
  });
  useEffect(() => {
    if (everyMs === undefined) return undefined;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') turn.value = turn.peek() + 1;
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  const reload = useCallback(() => (turn.value = turn.peek() + 1), [turn]);
  return { resource, reload };
}

/** The time, for what counts up on a page; it moves every second. */
export const clock: ReadonlySignal<number> = tick();

function tick(): ReadonlySignal<number> {
  const now = signal(Date.now());
  setInterval(() => {
    if (document.visibilityState === 'visible') now.value = Date.now();
  }, 1000);
  return now;
}
