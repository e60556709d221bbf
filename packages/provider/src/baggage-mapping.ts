import { baseline, getCell } from '@graylane/baggage';
import { context, propagation } from '@opentelemetry/api';
import type { EvaluationContext } from '@openfeature/server-sdk';
import { overlay, set, type Draft } from './evaluation-context.ts';

/**
 * What of the baggage enters the evaluation context: baggage key to how. Baggage holds only strings and comes from other services,
 * so nothing enters that is not named here, and it never overrides what the application passes, unless it is `authoritative`.
 */
export interface BaggageMapping {
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
  readonly #members: readonly CompiledMember[];

  constructor(mapping: BaggageMapping = defaultMapping) {
    this.#members = Object.entries(mapping).map(([key, member]) => compile(key, member));
  }

  /** The mapped members beneath a context, the authoritative ones above it. Neither is changed. */
  merge(given: EvaluationContext): EvaluationContext {
    const active = context.active();
    const cell = getCell(active);
    const baggage = cell?.baggage ?? propagation.getBaggage(active);
    const laneKey = cell?.laneKey ?? 'lane';
    const merged: Draft = {};
    for (const { key, as, read, authoritative } of this.#members) {
      const value = authoritative ? undefined : read(baggage?.getEntry(key)?.value);
      if (value !== undefined) set(merged, as, value);
    }
    overlay(merged, given);
    for (const { key, as, read, authoritative } of this.#members) {
      if (!authoritative) continue;
      const value = read(baggage?.getEntry(key)?.value);
      // Absence is an answer too: who is not dyed is in baseline, whatever the application says.
      set(merged, as, value ?? (key === laneKey ? baseline : undefined));
    }
    return merged as EvaluationContext;
  }

  /** The mapped members alone. */
  read(): EvaluationContext {
    return this.merge({});
  }
}

interface CompiledMember {
  readonly key: string;
  readonly as: string;
  readonly authoritative: boolean;
  readonly read: (text: string | undefined) => string | number | boolean | undefined;
}

function compile(
  key: string,
  { as = key, type = 'string', authoritative = false }: MappedMember,
): CompiledMember {
  const read = readers[type];
  if (read === undefined) {
    throw new TypeError(`baggage mapping "${key}" has the type "${type}": use string, number or boolean`);
  }
  return { key, as, authoritative, read };
}

const readers: Readonly<Record<string, CompiledMember['read']>> = {
  string: (text) => text,
  number: (text) => {
    const number = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
    return Number.isFinite(number) ? number : undefined;
  },
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
};
