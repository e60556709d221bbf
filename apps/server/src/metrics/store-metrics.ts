import type { MetricRegistry } from '@graylane/telemetry/management';
import { RequestError } from '../model/request-error.ts';
import type { Environments } from '../store/environments.ts';
import type { FlagStore } from '../store/flag-store.ts';
import { latencyBoundaries } from './latency-boundaries.ts';

/** `@graylane/telemetry` names the reloads of services in the same way. */
const service = 'graylane-server';

/**
 * Records the environments: revisions, writes and their outcome, the latency of the store, and
 * whether an operator must act. Returns a function that ends this.
 */
export function observeStores(
  environments: Environments,
  source: string,
  registry: MetricRegistry,
): () => void {
  const reloads = registry.counter('config_reload_total', 'Revisions that were taken over.');
  const lastReload = registry.gauge(
    'config_last_reload_timestamp_seconds',
    'When the newest revision was taken over, in seconds since 1970.',
  );
  const degraded = registry.gauge(
    'graylane_environment_degraded',
    'Whether an operator must act (1): see /healthz for the reason.',
  );
  const flags = registry.gauge('graylane_flags', 'The number of flags of an environment.');

  const stopCreating = environments.onCreate((environment, store) => {
    const labels = { environment, source, service };
    const total = reloads(labels);
    const last = lastReload(labels);
    last.set(Date.now() / 1000);
    store.onChange(() => {
      total.add();
      last.set(Date.now() / 1000);
    });
    observeStore(store, environment, registry);
  });
  const stopCollecting = registry.onCollect(() => {
    for (const environment of environments.names) {
      const store = environments.get(environment);
      if (store === undefined) continue;
      degraded({ environment }).set(store.health().degraded ? 1 : 0);
      flags({ environment }).set(store.snapshot.flags.size);
    }
  });
  return () => {
    stopCreating();
    stopCollecting();
  };
}

/**
 * Times the operations of a store, whichever engine it is. Its methods are replaced on the object:
 * the parts of the server know a store by its identity.
 */
function observeStore(store: FlagStore, environment: string, registry: MetricRegistry): void {
  const durations = registry.histogram(
    'graylane_store_operation_duration_seconds',
    'Duration of operations of the store, by operation and outcome.',
    latencyBoundaries,
  );
  const writes = registry.counter('graylane_writes_total', 'Writes by environment and outcome.');
  const timed = async <T>(operation: string, run: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    const record = (outcome: string): void => {
      durations({ operation, outcome: outcome === 'ok' ? outcome : 'failed' }).observe(
        (performance.now() - startedAt) / 1000,
      );
      if (operation === 'write') writes({ environment, outcome }).add();
    };
    try {
      const result = await run();
      record('ok');
      return result;
    } catch (error) {
      record(error instanceof RequestError ? error.code : 'error');
      throw error;
    }
  };
  const write = store.write.bind(store);
  const history = store.history.bind(store);
  const revision = store.revision.bind(store);
  store.write = async (...args) => timed('write', async () => write(...args));
  store.history = async (...args) => timed('history', async () => history(...args));
  store.revision = async (...args) => timed('revision', async () => revision(...args));
}
