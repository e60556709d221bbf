import { getCell } from '@graylane/baggage';
import type { Context, ContextManager } from '@opentelemetry/api';
import { laneProfiling } from './lane-profiler.ts';

/**
 * A context manager around another one, which reports the request of each OTel context to
 * profilers. Without a running profile it only reads two properties.
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
    const { run, publish } = this.#profiling;
    if (run === undefined && publish === undefined) {
      return this.#inner.with(otelContext, fn, thisArg, ...args);
    }
    const call = (): ReturnType<F> => this.#inner.with(otelContext, fn, thisArg, ...args);
    const cell = run && getCell(otelContext);
    const profiled = run && cell ? () => run(cell, call) : call;
    return publish ? publish(otelContext, profiled) : profiled();
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
