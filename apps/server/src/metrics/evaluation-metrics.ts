import type { Evaluation } from '@graylane/flags';
import type { MetricRegistry, NumberSeries } from '@graylane/telemetry/management';
import type { Environments } from '../store/environments.ts';
import type { FlagStore } from '../store/flag-store.ts';
import type { ServerEvaluations, Tally } from '../usage/server-evaluations.ts';

/** The protocol of an evaluation on the server. */
type Protocol = 'ofrep' | 'flagd';

/** Counts one more evaluation with the same result. */
export interface EvaluationCounter {
  add(): void;
}

/** Finds the counter of one evaluation. Callers on a hot path keep it with the evaluation. */
export type CounterOf = (key: string, evaluation: Evaluation) => EvaluationCounter;

/** Counts the evaluations of an environment by flag, for the report on its usage. */
type UsageOf = (protocol: Protocol, store: FlagStore) => ServerEvaluations | undefined;

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
  follow(environments: Environments, usageOf: UsageOf): () => void {
    return environments.onCreate((name, store) => {
      const counterOf = (protocol: Protocol): CounterOf => {
        const seriesOf = this.#seriesOf(protocol, name);
        return (key, evaluation) => {
          const series = seriesOf(key, evaluation);
          const flag = store.snapshot.flags.get(key);
          const tally = flag && usageOf(protocol, store)?.tallyOf(flag, evaluation);
          return tally === undefined ? series : both(series, tally);
        };
      };
      this.#counters.set(store, { ofrep: counterOf('ofrep'), flagd: counterOf('flagd') });
    });
  }

  /** The counters of one environment. */
  of(protocol: Protocol, store: FlagStore): CounterOf {
    return this.#counters.get(store)?.[protocol] ?? this.#seriesOf(protocol, other);
  }

  #seriesOf(protocol: Protocol, environment: string): (key: string, evaluation: Evaluation) => NumberSeries {
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

/** One look-up less for each evaluation than two counters. */
function both(series: NumberSeries, tally: Tally): EvaluationCounter {
  return {
    add: () => {
      series.add();
      if ((tally.count += 1) === 1) tally.begin();
    },
  };
}

const other = 'other';
