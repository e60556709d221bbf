import { processRegistry } from '../metrics/process-registry.ts';
import { share, type SharedUse } from '../process-wide.ts';
import { cgroupReadings } from './cgroup-metrics.ts';
import { eventLoopReadings } from './event-loop.ts';
import { gcReadings } from './gc.ts';
import { heapReadings } from './heap.ts';
import { processReadings } from './process.ts';

const readings = [eventLoopReadings, gcReadings, heapReadings, processReadings, cgroupReadings];

/**
 * Adds the readings of Node and of the container to the registry of this process. Management ports
 * share them.
 */
export function shareRuntimeReadings(): SharedUse<readonly (() => void)[]> {
  return share(
    'runtime',
    () => readings.map((start) => start(processRegistry())),
    (stops) => {
      for (const stop of stops) stop();
    },
  );
}
