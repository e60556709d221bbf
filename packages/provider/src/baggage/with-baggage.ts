import type { EvaluationContext, Provider } from '@openfeature/server-sdk';
import { BaggageReader, type BaggageMapping } from './mapping.ts';

/**
 * Any vendor's provider, with the mapped baggage merged into each evaluation context that it is given to evaluate or to track:
 * mapped members beneath what the application passes, authoritative ones above. All else is the vendor's own, synchronous methods
 * included. Default mapping: the lane, authoritative, and nothing else. What enters goes wherever the vendor sends such contexts.
 * @throws {TypeError} where the mapping can't be used.
 */
export function withBaggage<P extends Provider>(provider: P, mapping?: BaggageMapping): P {
  const baggage = new BaggageReader(mapping);
  return new Proxy(provider, {
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      const position = contextPositions.get(key);
      // Methods run on the provider itself: classes with private fields don't accept a stand-in as `this`.
      return (...args: unknown[]): unknown => {
        if (position !== undefined)
          args[position] = baggage.merge((args[position] ?? {}) as EvaluationContext);
        return Reflect.apply(member, target, args) as unknown;
      };
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}

/** Which argument of a method is the evaluation context of a request. `initialize` has that of the API, before any request. */
const contextPositions: ReadonlyMap<string | symbol, number> = new Map([
  ...['Boolean', 'String', 'Number', 'Object'].flatMap((type): [string, number][] => [
    [`resolve${type}Evaluation`, 2],
    [`resolve${type}EvaluationSync`, 2],
  ]),
  ['track', 1],
  ['pin', 1],
]);
