import { monitorEventLoopDelay, performance, type IntervalHistogram } from 'node:perf_hooks';
import type { MetricRegistry } from '../metrics/registry.ts';

/** At 10 ms the timer alone takes 0.4 % of a core, of a process that has nothing to do. */
const resolutionMs = 50;
const windowMs = 15_000;
const statistics = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'] as const;

/**
 * Event-loop delay and utilization of the last complete 15 seconds. A window of its own, so that
 * two Prometheus servers that scrape the same process read the same numbers.
 */
export function eventLoopReadings(registry: MetricRegistry): () => void {
  const gauges = statistics.map(
    (name) =>
      [
        name,
        registry.gauge(
          `nodejs_eventloop_lag_${name}_seconds`,
          `Event-loop delay of the last 15 seconds: ${name}.`,
        ),
      ] as const,
  );
  const utilization = registry.gauge(
    'nodejs_eventloop_utilization_ratio',
    'Share of the last 15 seconds in which the event loop was busy.',
  );
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  let before = performance.eventLoopUtilization();
  let hasWindow = false;

  const publish = (): void => {
    for (const [name, gauge] of gauges) gauge().set(secondsOf(delay, name));
    utilization().set(performance.eventLoopUtilization(before).utilization);
  };
  const timer = setInterval(() => {
    publish();
    hasWindow = true;
    before = performance.eventLoopUtilization();
    delay.reset();
  }, windowMs).unref();
  const stopCollecting = registry.onCollect(() => {
    // Before the first window is complete, report what was measured so far.
    if (!hasWindow) publish();
  });
  return () => {
    clearInterval(timer);
    stopCollecting();
    delay.disable();
  };
}

/**
 * The histogram holds the time between two ticks of a timer; what exceeds the timer's period is
 * delay.
 */
function secondsOf(delay: IntervalHistogram, name: (typeof statistics)[number]): number {
  if (delay.count === 0) return 0;
  if (name === 'stddev') return delay.stddev / 1e9;
  const value = name.startsWith('p')
    ? delay.percentile(Number(name.slice(1)))
    : delay[name as 'min' | 'max' | 'mean'];
  return Math.max(0, value / 1e9 - resolutionMs / 1000);
}
