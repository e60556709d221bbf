import type { MetricRegistry } from '../metrics/registry.ts';
import { onGc, type GcKind } from './gc-events.ts';

/**
 * Most collections of the young generation take less than a millisecond, so the boundaries begin at
 * 100 µs.
 */
const boundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const kinds: readonly GcKind[] = ['minor', 'major', 'incremental', 'weakcb'];

/** The pauses of the garbage collector, by kind. */
export function gcReadings(registry: MetricRegistry): () => void {
  const pauses = registry.histogram(
    'nodejs_gc_duration_seconds',
    'Garbage collection pauses, by kind.',
    boundaries,
  );
  for (const kind of kinds) pauses({ kind });
  return onGc(({ kind, durationMs }) => {
    pauses({ kind }).observe(durationMs / 1000);
  });
}
