import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import {
  context,
  createContextKey,
  ROOT_CONTEXT,
  type Context,
  type ContextManager,
} from '@opentelemetry/api';
import { bindEmitter } from './bind-emitter.ts';

const probe = createContextKey('graylane context manager probe');
let ensured = false;

/**
 * Makes the OTel context follow asynchronous code if no SDK does: the API package alone loses it at
 * the first await. Called with each request rather than at import, so that an SDK that starts in
 * between is first.
 */
export function ensureContextManager(): void {
  if (ensured) return;
  ensured = true;
  const follows = context.with(
    ROOT_CONTEXT.setValue(probe, true),
    () => context.active().getValue(probe) === true,
  );
  if (!follows) context.setGlobalContextManager(new AsyncContextManager());
}

/**
 * The counterpart of `AsyncLocalStorageContextManager` of an OTel SDK, whose `bind` this one agrees
 * with.
 */
class AsyncContextManager implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();
  readonly #bound = new WeakSet<EventEmitter>();

  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    otelContext: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    // Requests pass no `this`; without it, one call less is needed.
    return thisArg === undefined
      ? this.#storage.run(otelContext, fn, ...args)
      : this.#storage.run(otelContext, () => fn.call(thisArg, ...args));
  }

  bind<T>(otelContext: Context, target: T): T {
    if (target instanceof EventEmitter) return this.#bindOnce(otelContext, target);
    return typeof target === 'function' ? this.#bindFunction(otelContext, target as T & Fn) : target;
  }

  /** An emitter keeps the first OTel context that it was bound to. */
  #bindOnce<Emitter extends EventEmitter>(otelContext: Context, emitter: Emitter): Emitter {
    if (this.#bound.has(emitter)) return emitter;
    this.#bound.add(emitter);
    return bindEmitter(otelContext, emitter);
  }

  #bindFunction<F extends Fn>(otelContext: Context, fn: F): F {
    const storage = this.#storage;
    const bound = function (this: unknown, ...args: unknown[]): unknown {
      return storage.run(otelContext, () => fn.apply(this, args));
    };
    return Object.defineProperty(bound, 'length', { value: fn.length, configurable: true }) as F;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.#storage.disable();
    return this;
  }
}

type Fn = (this: unknown, ...args: unknown[]) => unknown;
