import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import type { MetricRegistry } from '../metrics/registry.ts';

/** Heap, heap spaces and resident memory, read at each collection. */
export function heapReadings(registry: MetricRegistry): () => void {
  const total = registry.gauge('nodejs_heap_size_total_bytes', 'Size of the V8 heap.');
  const used = registry.gauge('nodejs_heap_size_used_bytes', 'Used part of the V8 heap.');
  const limit = registry.gauge('nodejs_heap_size_limit_bytes', 'Size at which V8 ends the process.');
  const external = registry.gauge(
    'nodejs_external_memory_bytes',
    'Memory outside of the heap that its objects hold.',
  );
  const resident = registry.gauge('process_resident_memory_bytes', 'Resident memory of the process.');
  const spaceTotal = registry.gauge('nodejs_heap_space_size_total_bytes', 'Size of each heap space.');
  const spaceUsed = registry.gauge('nodejs_heap_space_size_used_bytes', 'Used part of each heap space.');
  const spaceFree = registry.gauge('nodejs_heap_space_size_available_bytes', 'Free part of each heap space.');
  return registry.onCollect(() => {
    const heap = getHeapStatistics();
    total().set(heap.total_heap_size);
    used().set(heap.used_heap_size);
    limit().set(heap.heap_size_limit);
    external().set(heap.external_memory);
    resident().set(process.memoryUsage.rss());
    for (const space of getHeapSpaceStatistics()) {
      const labels = { space: space.space_name.replace(/_space$/, '') };
      spaceTotal(labels).set(space.space_size);
      spaceUsed(labels).set(space.space_used_size);
      spaceFree(labels).set(space.space_available_size);
    }
  });
}
