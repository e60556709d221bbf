import { GCProfiler, getHeapStatistics } from 'node:v8';

/**
 * Measures how much was allocated on the heap since the last reading. The size of the heap alone
 * does not show it: memory that is collected in between is missing from the difference. Between two
 * collections the heap only grows, and its growth is the memory that was allocated.
 */
export class AllocationMeter {
  #profiler = started();
  #used = getHeapStatistics().used_heap_size;

  /** Bytes since the last call, and the size of the heap now. */
  read(): { readonly allocatedBytes: number; readonly usedBytes: number } {
    const { statistics } = this.#profiler.stop() ?? { statistics: [] };
    this.#profiler = started();
    let allocatedBytes = 0;
    for (const { beforeGC, afterGC } of statistics) {
      allocatedBytes += Math.max(0, beforeGC.heapStatistics.usedHeapSize - this.#used);
      this.#used = afterGC.heapStatistics.usedHeapSize;
    }
    const usedBytes = getHeapStatistics().used_heap_size;
    allocatedBytes += Math.max(0, usedBytes - this.#used);
    this.#used = usedBytes;
    return { allocatedBytes, usedBytes };
  }

  close(): void {
    this.#profiler.stop();
  }
}

function started(): GCProfiler {
  const profiler = new GCProfiler();
  profiler.start();
  return profiler;
}
