import type { Evaluation } from '@graylane/flags';
import type { MetricRegistry, NumberSeries } from '@graylane/telemetry/management';
import type { Environments } from '../store/environments.ts';
import type { FlagStore } from '../store/flag-store.ts';

/** The protocol of an evaluation on the server. */
type Protocol = 'ofrep' | 'flagd';

/** Finds the counter of one evaluation. Callers on a hot path keep it with the evaluation. */
export type CounterOf = (key: string, evaluation: Evaluation) => NumberSeries;

/** The number of series; beyond it, further flags count as `other`. */
const mostSeries = 10_000;

/** Evaluations on the server, by protocol, environment, flag, variant and reason. */
export class EvaluationMetrics {
  readonly #total: (labels: Readonly<Record<string, string>>) => NumberSeries;
  readonly #counters = new WeakMap<FlagStore, Readonly<Record<Protocol, CounterOf>>>();
  #series = 0;

  constructor(registry: MetricRegistry) {
    this.#total = registry.counter(
      'feature_flag_evaluations_total',
      'Flag evaluations on the server; those in providers are counted there.',
    );
  }

  /** Counts the evaluations of each environment. Returns a function that ends this. */
  follow(environments: Environments): () => void {
    return environments.onCreate((name, store) => {
      const ofrep = this.#counterOf('ofrep', name);
      const flagd = this.#counterOf('flagd', name);
      this.#counters.set(store, { ofrep, flagd });
    });
  }

  /** The counters of one environment. */
  of(protocol: Protocol, store: FlagStore): CounterOf {
    return this.#counters.get(store)?.[protocol] ?? this.#counterOf(protocol, other);
  }

  #counterOf(protocol: Protocol, environment: string): CounterOf {
    const series = new Map<string, NumberSeries>();
    const find = (key: string, variant: string, reason: string): NumberSeries => {
      const name = `${key}\u0000${variant}\u0000${reason}`;
      let found = series.get(name);
      if (found !== undefined) return found;
      if (this.#series >= mostSeries && key !== other) return find(other, '', reason);
      this.#series += 1;
      found = this.#total({
        protocol,
        environment,
        feature_flag_key: key,
        feature_flag_result_variant: variant,
        feature_flag_result_reason: reason,
      });
      series.set(name, found);
      return found;
    };
    // The key of a flag that does not exist comes from a client.
    return (key, { variant = '', reason, errorCode }) =>
      errorCode === 'FLAG_NOT_FOUND'
        ? find(other, '', 'flag_not_found')
        : find(key, variant, (errorCode ?? reason).toLowerCase());
  }
}

const other = 'other';
