import { AsyncLocalStorage } from 'node:async_hooks';
import type {
  EvaluationContext,
  TransactionContext,
  TransactionContextPropagator,
} from '@openfeature/server-sdk';
import { BaggageReader, type BaggageMapping, type TrustOptions } from './mapping.ts';
import { overlay, type Draft } from '../evaluation-context.ts';

/**
 * Puts mapped baggage at OpenFeature's transaction level, under any vendor's provider: API <
 * baggage < client < invocation. A transaction context stands above the baggage; one that is set
 * inside of another adds to it. Default mapping: the lane. Client and invocation can forge it at
 * this level: use `withBaggage` to prevent that.
 */
export class BaggageTransactionContextPropagator implements TransactionContextPropagator {
  readonly #baggage: BaggageReader;
  readonly #own = new AsyncLocalStorage<TransactionContext>();

  /**
   * @throws {TypeError} if a member is `authoritative`: client and invocation stand above this
   * level.
   */
  constructor(mapping: BaggageMapping = { lane: {} }, options: TrustOptions = {}) {
    const strict = Object.keys(mapping).find((key) => mapping[key]?.authoritative);
    if (strict !== undefined) {
      throw new TypeError(
        `baggage mapping "${strict}" can't be authoritative at the transaction level, which client and invocation override: ` +
          'leave authoritative out, or use withBaggage or GraylaneProvider',
      );
    }
    this.#baggage = new BaggageReader(mapping, options);
  }

  getTransactionContext(): EvaluationContext {
    return this.#baggage.merge(this.#own.getStore() ?? {}, this.#baggage.activeCell());
  }

  setTransactionContext<Args extends unknown[], Result>(
    transactionContext: TransactionContext,
    callback: (...args: Args) => Result,
    ...args: Args
  ): Result {
    const merged: Draft = {};
    overlay(merged, this.#own.getStore());
    overlay(merged, transactionContext);
    return this.#own.run(merged as TransactionContext, callback, ...args);
  }
}
