import { PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';
import { processWide } from '../process-wide.ts';

/** V8's kinds of garbage collection. */
export type GcKind = 'minor' | 'major' | 'incremental' | 'weakcb';

/** One pause. `startTime` is on the clock of `performance.now()`. */
export interface GcEvent {
  readonly kind: GcKind;
  readonly startTime: number;
  readonly durationMs: number;
}

type Listener = (event: GcEvent) => void;

/** 1 and 2 are V8's two collectors of the young generation. */
const kinds: Readonly<Record<number, GcKind>> = {
  1: 'minor',
  2: 'minor',
  4: 'major',
  8: 'incremental',
  16: 'weakcb',
};

/**
 * Calls a listener for each garbage collection. Returns a function that ends this. All listeners
 * share one observer.
 */
export function onGc(listener: Listener): () => void {
  const source = processWide('gc', () => ({ listeners: new Set<Listener>(), observer: observe() }));
  source.listeners.add(listener);
  if (source.listeners.size === 1) source.observer.observe({ entryTypes: ['gc'] });
  return () => {
    source.listeners.delete(listener);
    if (source.listeners.size === 0) source.observer.disconnect();
  };

  function observe(): PerformanceObserver {
    return new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const event = eventOf(entry);
        if (event) for (const each of source.listeners) each(event);
      }
    });
  }
}

function eventOf(entry: PerformanceEntry): GcEvent | undefined {
  const kind = kinds[(entry as { detail?: { kind?: number } }).detail?.kind ?? 0];
  return kind && { kind, startTime: entry.startTime, durationMs: entry.duration };
}
