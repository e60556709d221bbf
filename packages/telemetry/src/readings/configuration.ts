import { processRegistry } from '../metrics/process-registry.ts';
import { processWide } from '../process-wide.ts';

/** The labels of a source's metrics beside its name. */
export interface ConfigurationLabels {
  /** The environment of a flag server. */
  readonly environment?: string | undefined;
  /** Default: `OTEL_SERVICE_NAME`, or else none. */
  readonly service?: string | undefined;
}

/** Where a service's rules come from, and how new they are. */
export interface ConfigurationState {
  readonly source: string;
  /** Absent if the source has no environments. */
  readonly environment?: string;
  /** The revision in force. Absent before the first load. */
  readonly revision?: string;
  /** Loads that succeeded since the start. */
  readonly reloads: number;
  /** ISO 8601; absent before the first reload. */
  readonly lastReload?: string;
  /** Seconds since the source was last known to be up to date. */
  readonly ageSeconds?: number;
}

/** Reports the reloads of one source. */
export interface ConfigurationReporter {
  /** Other rules are in force. */
  reloaded(revision?: string): void;
  /** The rules in force are those of the source: after its start, or after it was out of reach. */
  upToDate(revision?: string): void;
  /** The source is out of reach; the rules in force begin to age. */
  stale(): void;
}

interface Source {
  readonly source: string;
  readonly environment: string | undefined;
  reloads: number;
  revision: string | undefined;
  reloadedAt: number | undefined;
  isKnown: boolean;
  staleSince: number | undefined;
}

/**
 * Registers a source of configuration. Its reloads are counted in `config_reload_total`, its last
 * reload and age are gauges, and `/revision` shows its revision.
 */
export function reportConfiguration(
  source: string,
  { environment, service = process.env['OTEL_SERVICE_NAME'] }: ConfigurationLabels = {},
): ConfigurationReporter {
  const state: Source = {
    source,
    environment,
    reloads: 0,
    revision: undefined,
    reloadedAt: undefined,
    isKnown: false,
    staleSince: undefined,
  };
  sources().set(`${environment} ${source}`, state);
  const registry = processRegistry();
  const labels = {
    ...(environment !== undefined && { environment }),
    source,
    ...(service !== undefined && service !== '' && { service }),
  };
  const total = registry.counter('config_reload_total', 'Reloads of the configuration.')(labels);
  const last = registry.gauge(
    'config_last_reload_timestamp_seconds',
    'The last reload, in seconds since 1970.',
  );
  const age = registry.gauge(
    'config_source_age_seconds',
    'Seconds since the source was last known to be up to date.',
  );
  registry.onCollect(() => {
    const seconds = ageOf(state);
    if (seconds !== undefined) age(labels).set(seconds);
  });
  const upToDate = (revision?: string): void => {
    state.revision = revision ?? state.revision;
    state.isKnown = true;
    state.staleSince = undefined;
  };
  return {
    upToDate,
    reloaded: (revision) => {
      upToDate(revision);
      state.reloads++;
      state.reloadedAt = Date.now();
      total.add();
      last(labels).set(state.reloadedAt / 1000);
    },
    stale: () => {
      state.staleSince ??= Date.now();
    },
  };
}

/** All sources of this process. */
export function configurations(): ConfigurationState[] {
  return [...sources().values()].map((state) => {
    const { source, environment, revision, reloads, reloadedAt } = state;
    const ageSeconds = ageOf(state);
    return {
      source,
      ...(environment === undefined ? {} : { environment }),
      ...(revision === undefined ? {} : { revision }),
      reloads,
      ...(reloadedAt === undefined ? {} : { lastReload: new Date(reloadedAt).toISOString() }),
      ...(ageSeconds === undefined ? {} : { ageSeconds }),
    };
  });
}

function sources(): Map<string, Source> {
  return processWide('configurations', () => new Map<string, Source>());
}

/** 0 while the source is in reach. */
function ageOf({ isKnown, staleSince }: Source): number | undefined {
  if (!isKnown) return undefined;
  return staleSince === undefined ? 0 : (Date.now() - staleSince) / 1000;
}
