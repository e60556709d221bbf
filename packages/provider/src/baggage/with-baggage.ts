import type { EvaluationContext, Provider } from '@openfeature/server-sdk';
import { BaggageReader, type BaggageMapping, type TrustOptions } from './mapping.ts';

/**
 * Merges the mapped baggage into each evaluation context that a vendor's provider gets to evaluate
 * or to track: mapped members beneath the application's own, authoritative ones above. Everything
 * else is the vendor's, synchronous methods included. Default mapping: only the lane,
 * authoritative. Mapped members reach every system to which the vendor sends evaluation contexts.
 * @throws {TypeError} if the mapping can't be used.
 */
export function withBaggage<P extends Provider>(
  provider: P,
  mapping?: BaggageMapping,
  options?: TrustOptions,
): P {
  const baggage = new BaggageReader(mapping, options);
  return new Proxy(provider, {
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      const position = contextPositions.get(key);
      // Methods run on the provider itself: classes with private fields don't accept a stand-in as
      // `this`.
      return (...args: unknown[]): unknown => {
        if (position !== undefined)
          args[position] = baggage.merge((args[position] ?? {}) as EvaluationContext, baggage.activeCell());
        return Reflect.apply(member, target, args) as unknown;
      };
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}

/**
 * Which argument of a method is the evaluation context of a request. `initialize` has that of the
 * API, before any request.
 */
const contextPositions: ReadonlyMap<string | symbol, number> = new Map([
  ...['Boolean', 'String', 'Number', 'Object'].flatMap((type): [string, number][] => [
    [`resolve${type}Evaluation`, 2],
    [`resolve${type}EvaluationSync`, 2],
  ]),
  ['track', 1],
  ['pin', 1],
]);
