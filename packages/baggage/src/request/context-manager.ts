import { AsyncLocalStorage } from 'node:async_hooks';
import {
  context,
  createContextKey,
  ROOT_CONTEXT,
  type Context,
  type ContextManager,
} from '@opentelemetry/api';

const probe = createContextKey('graylane context manager probe');
let ensured = false;

/**
 * Makes the OTel context follow asynchronous code where no SDK has seen to that: the API package alone loses it at the first await.
 * Called when a request comes in rather than at import, so that an SDK that starts in between is first.
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

class AsyncContextManager implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    otelContext: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    // One call less where nobody says what `this` is, as in every request.
    return thisArg === undefined
      ? this.#storage.run(otelContext, fn, ...args)
      : this.#storage.run(otelContext, () => fn.call(thisArg, ...args));
  }

  bind<T>(otelContext: Context, target: T): T {
    if (typeof target !== 'function') return target;
    const bound = (...args: unknown[]): unknown =>
      this.#storage.run(otelContext, () => target(...args) as unknown);
    return bound as T;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.#storage.disable();
    return this;
  }
}
