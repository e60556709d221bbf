import type { EventEmitter } from 'node:events';
import { context, type Context } from '@opentelemetry/api';

type Listener = (...args: unknown[]) => unknown;
type Method = (this: EventEmitter, type: string | symbol, listener: Listener) => EventEmitter;

const adding = ['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'] as const;
const removing = ['off', 'removeListener'] as const;

/**
 * Runs the listeners that are added to an emitter from now on in an OTel context, as `context.bind`
 * of an OTel SDK does.
 */
export function bindEmitter<Emitter extends EventEmitter>(otelContext: Context, emitter: Emitter): Emitter {
  const boundListeners = new WeakMap<Listener, Listener>();
  const methods = emitter as unknown as Record<string, Method>;
  let isAdding = false;
  const bind = (listener: Listener): Listener => {
    let bound = boundListeners.get(listener);
    if (bound === undefined) {
      bound = function (this: unknown, ...args) {
        return context.with(otelContext, listener, this, ...args);
      };
      boundListeners.set(listener, bound);
    }
    return bound;
  };
  for (const name of adding) {
    const method = methods[name] as Method;
    methods[name] = function (type, listener) {
      // Node's `once` calls `on` with a listener of its own around ours: bound twice, it could not
      // be removed.
      if (isAdding || typeof listener !== 'function') return method.call(this, type, listener);
      isAdding = true;
      try {
        return method.call(this, type, bind(listener));
      } finally {
        isAdding = false;
      }
    };
  }
  for (const name of removing) {
    const method = methods[name] as Method;
    methods[name] = function (type, listener) {
      const bound = boundListeners.get(listener);
      const count = this.listenerCount(type);
      if (bound !== undefined) method.call(this, type, bound);
      // Listeners that were added before the emitter was bound are not bound.
      return this.listenerCount(type) === count ? method.call(this, type, listener) : this;
    };
  }
  return emitter;
}
