import type { MetricRegistry } from '../metrics/registry.ts';
import { configurations } from '../readings/configuration.ts';
import { statusOf, type Checks, type HealthReport } from './checks.ts';
import { MetricsEndpoint, type MetricsSource } from './metrics-endpoint.ts';
import { json } from './reply.ts';
import type { Routes } from './route.ts';

/** The checks and sources that the readings show beside the process itself. */
export interface ReadingOptions {
  /**
   * Parts that must work for the process to go on; if one fails, an orchestrator restarts it. A
   * function reports in its own form. Default: none.
   */
  readonly health?: Checks | HealthReport;
  /** Parts that must work to serve traffic, or a report. Default: none. */
  readonly ready?: Checks | HealthReport;
  /** Further metrics. Default: none. */
  readonly metrics?: readonly MetricsSource[];
  /** A registry beside the one of the process. Default: none. */
  readonly registry?: MetricRegistry;
  /** Further members of `/revision`, e.g. the build. Default: none. */
  readonly revision?: () => Readonly<Record<string, unknown>>;
}

/** The routes that every peer may read. */
export function readingRoutes({
  health = {},
  ready = {},
  metrics = [],
  registry,
  revision = () => ({}),
}: ReadingOptions): Routes {
  const endpoint = new MetricsEndpoint(metrics, registry);
  return {
    '/metrics': {
      about: 'metrics in the text format of Prometheus or OpenMetrics',
      respond: ({ accept }) => endpoint.reply(accept),
    },
    '/healthz': { about: 'whether the process works', respond: () => statusOf(health) },
    '/readyz': { about: 'whether it is ready for traffic', respond: () => statusOf(ready) },
    '/lanes': {
      about: 'the known lanes, and counts of baggage events',
      respond: async () => {
        const { baggageCounts } = await import('@graylane/baggage');
        const { processLanes } = await import('../lanes/known-lanes.ts');
        return json({ lanes: processLanes().known.names, baggage: baggageCounts() });
      },
    },
    '/revision': {
      about: 'which rules are in force, since when, and the versions',
      respond: () =>
        json({ node: process.version, startedAt: startedAt(), sources: configurations(), ...revision() }),
    },
  };
}

function startedAt(): string {
  return new Date(performance.timeOrigin).toISOString();
}
