import { readdirSync } from 'node:fs';
import type { MetricRegistry } from '../metrics/registry.ts';

/** CPU time, start time, open file descriptors and active handles. */
export function processReadings(registry: MetricRegistry): () => void {
  const user = registry.counter('process_cpu_user_seconds_total', 'CPU time in user mode.');
  const system = registry.counter('process_cpu_system_seconds_total', 'CPU time in kernel mode.');
  const both = registry.counter('process_cpu_seconds_total', 'CPU time in both modes.');
  const active = registry.gauge(
    'nodejs_active_handles',
    'Resources that keep the event loop alive, by type.',
  );
  const descriptors = registry.gauge('process_open_fds', 'Open file descriptors.');
  registry
    .gauge('process_start_time_seconds', 'Start of the process, in seconds since 1970.')()
    .set(performance.timeOrigin / 1000);
  registry.gauge('nodejs_version_info', 'The version of Node.')({ version: process.version }).set(1);
  const seen = new Set<string>();
  return registry.onCollect(() => {
    const cpu = process.cpuUsage();
    user().set(cpu.user / 1e6);
    system().set(cpu.system / 1e6);
    both().set((cpu.user + cpu.system) / 1e6);
    const counts = activeResources();
    for (const type of Object.keys(counts)) seen.add(type);
    for (const type of seen) active({ type }).set(counts[type] ?? 0);
    descriptors().set(openDescriptors());
  });
}

/** How many resources of each type keep the event loop alive, e.g. `{ TCPSocketWrap: 2 }`. */
export function activeResources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

function openDescriptors(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
}
