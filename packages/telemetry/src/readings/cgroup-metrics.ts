import type { MetricRegistry } from '../metrics/registry.ts';
import { readCgroup, type CgroupPlaces } from './cgroup.ts';

/** CPU, memory and pressure of the container, where Linux shows them. */
export function cgroupReadings(registry: MetricRegistry, places: CgroupPlaces = {}): () => void {
  const usage = registry.counter('cgroup_cpu_usage_seconds_total', 'CPU time of the container.');
  const throttled = registry.counter(
    'cgroup_cpu_throttled_seconds_total',
    'Time the container was throttled.',
  );
  const periods = registry.counter(
    'cgroup_cpu_throttled_periods_total',
    'Periods in which it was throttled.',
  );
  const cores = registry.gauge('cgroup_cpu_limit_cores', 'CPU limit of the container, in cores.');
  const current = registry.gauge('cgroup_memory_current_bytes', 'Memory of the container.');
  const max = registry.gauge('cgroup_memory_max_bytes', 'Memory at which the kernel ends a process.');
  const high = registry.gauge(
    'cgroup_memory_high_bytes',
    'Memory at which the kernel slows the container down.',
  );
  const kills = registry.counter(
    'cgroup_memory_oom_kills_total',
    'Processes that the kernel ended because memory ran out.',
  );
  const pids = registry.gauge('cgroup_pids', 'Tasks in the container.');
  const waited = registry.counter(
    'cgroup_pressure_waiting_seconds_total',
    'Time in which some, or all (full), tasks waited for a resource.',
  );
  return registry.onCollect(() => {
    const reading = readCgroup(places);
    if (reading.cpu) {
      usage().set(reading.cpu.usageSeconds);
      throttled().set(reading.cpu.throttledSeconds);
      periods().set(reading.cpu.throttledPeriods);
      if (reading.cpu.limitCores !== undefined) cores().set(reading.cpu.limitCores);
    }
    if (reading.memory) {
      current().set(reading.memory.currentBytes);
      kills().set(reading.memory.oomKills);
      if (reading.memory.maxBytes !== undefined) max().set(reading.memory.maxBytes);
      if (reading.memory.highBytes !== undefined) high().set(reading.memory.highBytes);
    }
    if (reading.pids !== undefined) pids().set(reading.pids);
    for (const { resource, share, waitedSeconds } of reading.pressure) {
      waited({ resource, share }).set(waitedSeconds);
    }
  });
}
