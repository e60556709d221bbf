import { context, type Context } from '@opentelemetry/api';
import { processLanes } from '../lanes/known-lanes.ts';
import { counter, durationHistogram } from '../metrics/instruments.ts';
import { processWide } from '../process-wide.ts';
import { laneOf, requestOf } from '../lanes/lane-of.ts';

/** A service level indicator: the share of good events, or a latency. */
export type SliOptions = (
  | { readonly kind: 'ratio' }
  | {
      readonly kind: 'latency';
      /** An event is good if it takes at most this long, in seconds. */
      readonly thresholdSeconds: number;
    }
) & {
  /** The share of events that are to be good, e.g. 0.999. Default: 0.99. */
  readonly objective?: number;
  /** One sentence for readers of the contract. Default: none. */
  readonly description?: string;
  /**
   * The routes that it covers, e.g. `GET /orders/:id`; `/debug/slis` lists the routes that no
   * indicator covers.
   */
  readonly routes?: readonly string[];
};

/** Records the events of one indicator, by lane. */
export interface RatioSli {
  success(this: void): void;
  failure(this: void): void;
  /** Runs a function: a failure if it throws or rejects, otherwise a success. */
  measure<T>(fn: () => T): T;
}

/** Records the durations of one indicator, by lane. */
export interface LatencySli {
  /** Records one event that took this many seconds. */
  record(seconds: number): void;
  /** Runs a function and records how long it took, even if it fails. */
  measure<T>(fn: () => T): T;
}

/**
 * Declares a service level indicator. Its events are the metric `sli.events` (by `sli`, `outcome`
 * and `lane`), or `sli.duration` where it is a latency. `graylane-slis` finds this call in the
 * source and writes the contract.
 * @throws {TypeError} if the name is declared with other options elsewhere, or the objective is
 *   not a share.
 */
export function sli(name: string, options: SliOptions & { readonly kind: 'ratio' }): RatioSli;
export function sli(name: string, options: SliOptions & { readonly kind: 'latency' }): LatencySli;
export function sli(name: string, options: SliOptions): RatioSli | LatencySli {
  declare(name, options);
  return options.kind === 'ratio' ? ratioSli(name, 'success', 'failure') : latencySli(name);
}

/** The declared indicators by name. */
export function declaredSlis(): ReadonlyMap<string, SliOptions> {
  return processWide('slis', () => new Map<string, SliOptions>());
}

/**
 * The share of lookups that a cache could serve: `hit()` and `miss()`, recorded as `sli(name, {
 * kind: 'ratio' })`.
 */
export function cacheHitRatio(
  name: string,
  options: Omit<SliOptions & { readonly kind: 'ratio' }, 'kind'> = {},
): { hit(this: void): void; miss(this: void): void } {
  const { success, failure } = sli(name, { ...options, kind: 'ratio' });
  return { hit: success, miss: failure };
}

function declare(name: string, options: SliOptions): void {
  const { objective = 0.99 } = options;
  if (!(objective > 0 && objective < 1)) {
    throw new TypeError(`the objective of "${name}" is ${objective}: it must be between 0 and 1, e.g. 0.999`);
  }
  const slis = declaredSlis() as Map<string, SliOptions>;
  const known = slis.get(name);
  if (known && JSON.stringify(known) !== JSON.stringify(options)) {
    throw new TypeError(
      `the SLI "${name}" is declared twice, with different options: declare it once and import it`,
    );
  }
  slis.set(name, options);
}

const events = counter('sli.events', 'Events of service level indicators', '{event}');
const durations = durationHistogram('sli.duration', 'Durations of service level indicators');

function ratioSli(name: string, good: string, bad: string): RatioSli {
  const record = (outcome: string, otelContext: Context): void => {
    events(1, { sli: name, outcome, lane: laneLabel(otelContext) });
  };
  return {
    success: () => {
      record(good, context.active());
    },
    failure: () => {
      record(bad, context.active());
    },
    measure: (fn) => {
      const otelContext = context.active();
      return settle(fn, (isGood) => {
        record(isGood ? good : bad, otelContext);
      });
    },
  };
}

function latencySli(name: string): LatencySli {
  const record = (seconds: number, otelContext: Context): void => {
    durations(seconds, { sli: name, lane: laneLabel(otelContext) }, otelContext);
  };
  return {
    record: (seconds) => {
      record(seconds, context.active());
    },
    measure: (fn) => {
      const otelContext = context.active();
      const startedAt = performance.now();
      return settle(fn, () => {
        record((performance.now() - startedAt) / 1000, otelContext);
      });
    },
  };
}

function laneLabel(otelContext: Context): string {
  return processLanes().known.label(laneOf(requestOf(otelContext)));
}

/**
 * Calls `settled` when the function has returned or thrown, or its promise is settled. The outcome
 * stays the function's.
 */
function settle<T>(fn: () => T, settled: (isGood: boolean) => void): T {
  let result: T;
  try {
    result = fn();
  } catch (error) {
    settled(false);
    throw error;
  }
  if (!(result instanceof Promise)) {
    settled(true);
    return result;
  }
  return result.then(
    (value: unknown) => {
      settled(true);
      return value;
    },
    (error: unknown) => {
      settled(false);
      throw error;
    },
  ) as T;
}
