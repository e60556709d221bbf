import { getCell } from '@graylane/baggage';
import type { Context, ContextManager } from '@opentelemetry/api';
import { laneProfiling } from './lane-profiler.ts';

/**
 * A context manager around another one, which reports the request of each OTel context to the CPU
 * profiler. Without a running profile it only reads one property.
 *
 *     const inner = new AsyncLocalStorageContextManager();
 *     context.setGlobalContextManager(new LaneContextManager(inner).enable());
 */
export class LaneContextManager implements ContextManager {
  readonly #inner: ContextManager;
  readonly #profiling = laneProfiling();

  constructor(inner: ContextManager) {
    this.#inner = inner;
    this.#profiling.hasManager = true;
  }

  active(): Context {
    return this.#inner.active();
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    otelContext: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    const cell = this.#profiling.run && getCell(otelContext);
    if (cell === undefined || this.#profiling.run === undefined) {
      return this.#inner.with(otelContext, fn, thisArg, ...args);
    }
    return this.#profiling.run(cell, () => this.#inner.with(otelContext, fn, thisArg, ...args));
  }

  bind<T>(otelContext: Context, target: T): T {
    return this.#inner.bind(otelContext, target);
  }

  enable(): this {
    this.#inner.enable();
    return this;
  }

  disable(): this {
    this.#inner.disable();
    this.#profiling.hasManager = false;
    return this;
  }
}
