import { getCell, getLane } from '@graylane/baggage';
import { context, propagation, type Context } from '@opentelemetry/api';
import type { EvaluationContext, EvaluationContextValue } from '@openfeature/server-sdk';
import { overlay, set, type Draft } from '../evaluation-context.ts';

/**
 * What of the baggage enters the evaluation context: baggage key to how. Baggage holds only strings and comes from other services,
 * so nothing enters that is not named here, and it never overrides what the application passes, unless it is `authoritative`.
 */
export interface BaggageMapping {
  /** `lane` is the request's lane, whatever key a `laneKey` gave its member; `baseline` where nobody dyed it. */
  readonly [baggageKey: string]: MappedMember;
}

/** How one member of the baggage enters the evaluation context. */
export interface MappedMember {
  /** The name it has there; `targetingKey` for the subject of rollouts. Default: the baggage key. */
  readonly as?: string;
  /** What its text is read as; a text that is none is left out. Default: `string`. */
  readonly type?: 'string' | 'number' | 'boolean';
  /** Whether it overrides the application, also by its absence. Default: false. */
  readonly authoritative?: boolean;
}

/** The lane, which an invocation may not forge; nothing else. */
const defaultMapping: BaggageMapping = { lane: { authoritative: true } };

/** Merges the active request's baggage into evaluation contexts: mapped members < the given context < authoritative members. */
export class BaggageReader {
  readonly #ordinary: readonly CompiledMember[];
  readonly #authoritative: readonly CompiledMember[];

  /** @throws {TypeError} where the mapping can't be used. */
  constructor(mapping: BaggageMapping = defaultMapping) {
    const members = Object.entries(mapping).map(([key, member]) => compile(key, member));
    this.#ordinary = members.filter(({ authoritative }) => !authoritative);
    this.#authoritative = members.filter(({ authoritative }) => authoritative);
  }

  /** The mapped members beneath a context, the authoritative ones above it. Neither is changed. */
  merge(given: EvaluationContext): EvaluationContext {
    const active = context.active();
    const [only] = this.#authoritative;
    if (only !== undefined && this.#ordinary.length + this.#authoritative.length === 1) {
      // What the default mapping comes to. The name stands first too: an object that grows after a spread is several times as dear.
      const value = read(only, active);
      return { [only.as]: value, ...given, [only.as]: value } as EvaluationContext;
    }
    const merged: Draft = {};
    for (const member of this.#ordinary) {
      const value = read(member, active);
      if (value !== undefined) set(merged, member.as, value);
    }
    overlay(merged, given);
    for (const member of this.#authoritative) set(merged, member.as, read(member, active));
    return merged as EvaluationContext;
  }
}

interface CompiledMember {
  readonly key: string;
  readonly as: string;
  readonly authoritative: boolean;
  readonly parse: (text: string | undefined) => string | number | boolean | undefined;
}

/** The lane is the one that the request runs in, whatever the key of its member; who is not dyed is in baseline. */
function read({ key, parse }: CompiledMember, otelContext: Context): EvaluationContextValue | undefined {
  const cell = getCell(otelContext);
  if (key === 'lane' || key === cell?.laneKey) return parse(getLane(otelContext));
  const baggage = cell?.baggage ?? propagation.getBaggage(otelContext);
  return parse(baggage?.getEntry(key)?.value);
}

function compile(
  key: string,
  { as = key, type = 'string', authoritative = false }: MappedMember,
): CompiledMember {
  const parse = parsers[type];
  if (parse === undefined) {
    throw new TypeError(`baggage mapping "${key}" has the type "${type}": use string, number or boolean`);
  }
  return { key, as, parse, authoritative };
}

const parsers: Readonly<Record<string, CompiledMember['parse']>> = {
  string: (text) => text,
  number: (text) => {
    const number = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
    return Number.isFinite(number) ? number : undefined;
  },
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
};
