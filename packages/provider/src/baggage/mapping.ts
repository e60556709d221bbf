import {
  baseline,
  getCell,
  ignoreUnadmitted,
  isKilledLane,
  trustUnadmitted,
  type RequestCell,
} from '@graylane/baggage';
import { checkOptions, checkTypes } from '@graylane/source';
import { context, type Context } from '@opentelemetry/api';
import type { EvaluationContext, EvaluationContextValue } from '@openfeature/server-sdk';
import { overlay, set, type Draft } from '../evaluation-context.ts';

/**
 * Which baggage members enter the evaluation context: baggage key to how. Baggage holds only
 * strings and comes from other services, so only members that are named here enter, and they never
 * override the application, unless they are `authoritative`.
 */
export interface BaggageMapping {
  /**
   * `lane` is the request's lane, also if a `laneKey` gave its member another key; `baseline` if
   * the request is not dyed.
   */
  readonly [baggageKey: string]: MappedMember;
}

/** How one member of the baggage enters the evaluation context. */
export interface MappedMember {
  /**
   * The name it has there; `targetingKey` for the subject of rollouts. Default: the baggage key.
   */
  readonly as?: string;
  /**
   * The type that its string is read as; a string that can't be read so is left out. Default:
   * `string`.
   */
  readonly type?: 'string' | 'number' | 'boolean';
  /** Whether it overrides the application, also by its absence. Default: false. */
  readonly authoritative?: boolean;
}

/** Exports of a CommonJS module are slow getters; constants are not. */
const contexts = context;
const cellOf = getCell;

/** Only the lane, which an invocation may not forge. */
const defaultMapping: BaggageMapping = { lane: { authoritative: true } };

/** How a reader treats baggage that no ingress policy has admitted. */
export interface TrustOptions {
  /**
   * Whether baggage counts that no ingress policy has admitted, e.g. from OpenTelemetry's own
   * propagator without a middleware of graylane. Any caller can then choose the lane, pins and
   * mapped members: use it only if an outer proxy removes the `baggage` of untrusted clients.
   * Default: false.
   */
  readonly trustBaggage?: boolean;
}

/**
 * Merges the active request's baggage into evaluation contexts: mapped members < the given context
 * < authoritative members.
 */
export class BaggageReader {
  readonly #ordinary: readonly CompiledMember[];
  readonly #authoritative: readonly CompiledMember[];
  readonly #trustBaggage: boolean;
  /** The keys whose members would count, if they were admitted. */
  readonly #keys: readonly string[];

  /** @throws {TypeError} if the mapping can't be used, or an option is unknown. */
  constructor(mapping: BaggageMapping = defaultMapping, options: TrustOptions = {}) {
    checkOptions('baggage', options, ['trustBaggage']);
    checkTypes('baggage', options, { trustBaggage: 'boolean' });
    const { trustBaggage = false } = options;
    const members = Object.entries(mapping).map(([key, member]) => compile(key, member));
    this.#ordinary = members.filter(({ authoritative }) => !authoritative);
    this.#authoritative = members.filter(({ authoritative }) => authoritative);
    this.#trustBaggage = trustBaggage;
    this.#keys = [...members.map(({ key }) => key), 'pins'];
  }

  /**
   * The cell of the active request whose baggage counts. Without one, unadmitted baggage is
   * counted, and logged once.
   */
  activeCell(otelContext: Context = contexts.active()): RequestCell | undefined {
    const cell = this.observedCell(otelContext);
    if (cell !== undefined) cell.reportRefusal();
    else if (!this.#trustBaggage) ignoreUnadmitted(otelContext, ...this.#keys);
    return cell;
  }

  /** The same, for an observer whose result does not depend on the baggage: nothing is counted. */
  observedCell(otelContext: Context = contexts.active()): RequestCell | undefined {
    const cell = cellOf(otelContext);
    return cell === undefined && this.#trustBaggage ? trustUnadmitted(otelContext) : cell;
  }

  /** The names under which members enter evaluation contexts. */
  get names(): ReadonlySet<string> {
    return new Set([...this.#ordinary, ...this.#authoritative].map(({ as }) => as));
  }

  /**
   * The mapped members of a request beneath a context, the authoritative ones above it. Neither is
   * changed.
   */
  merge(given: EvaluationContext, cell: RequestCell | undefined): EvaluationContext {
    const [only] = this.#authoritative;
    if (only !== undefined && this.#ordinary.length + this.#authoritative.length === 1) {
      // The default mapping. The name also stands first, since an object that grows after a spread
      // is several times as expensive.
      const value = read(only, cell);
      return { [only.as]: value, ...given, [only.as]: value } as EvaluationContext;
    }
    const merged: Draft = {};
    for (const member of this.#ordinary) {
      const value = read(member, cell);
      if (value !== undefined) set(merged, member.as, value);
    }
    overlay(merged, given);
    for (const member of this.#authoritative) set(merged, member.as, read(member, cell));
    return merged as EvaluationContext;
  }
}

interface CompiledMember {
  readonly key: string;
  readonly as: string;
  readonly authoritative: boolean;
  readonly parse: (value: string | undefined) => string | number | boolean | undefined;
}

/**
 * The lane that a request runs in. One that is not dyed, or was dyed with a lane that is killed by
 * now, counts as baseline.
 */
export function laneOf(cell: RequestCell | undefined): string {
  const lane = cell?.lane ?? baseline;
  return isKilledLane(lane) ? baseline : lane;
}

/** The lane is the one that the request runs in, for any key of its member. */
function read(
  { key, parse }: CompiledMember,
  cell: RequestCell | undefined,
): EvaluationContextValue | undefined {
  if (key === 'lane' || key === cell?.laneKey) return parse(laneOf(cell));
  return parse(cell?.baggage.member(key)?.value);
}

function compile(key: string, member: MappedMember): CompiledMember {
  const owner = `baggage mapping "${key}"`;
  checkTypes('baggage mapping', { [key]: member }, { [key]: 'object' });
  checkOptions(owner, member, ['as', 'type', 'authoritative']);
  checkTypes(owner, member, { as: 'string', authoritative: 'boolean' });
  const { as = key, type = 'string', authoritative = false } = member;
  const parse = parsers[type];
  if (parse === undefined) {
    throw new TypeError(`baggage mapping "${key}" has the type "${type}": use string, number or boolean`);
  }
  return { key, as, parse, authoritative };
}

const parsers: Readonly<Record<string, CompiledMember['parse']>> = {
  string: (value) => value,
  number: (value) => {
    const number = value === undefined || value.trim() === '' ? Number.NaN : Number(value);
    return Number.isFinite(number) ? number : undefined;
  },
  boolean: (value) => (value === 'true' ? true : value === 'false' ? false : undefined),
};
