import type { FlagValue } from '@graylane/flags';
import type { BaggageMapping } from '../baggage/mapping.ts';
import { GraylaneProvider } from '../graylane-provider.ts';
import { MemorySource } from './memory-source.ts';

/**
 * Flags as a test writes them, by key: a value that everybody gets, or a definition in flagd's format, which is told by its
 * `variants`; its `state` may be left out, and is then ENABLED.
 */
export interface TestFlags {
  readonly [flagKey: string]: FlagValue | { readonly variants: object; readonly [member: string]: unknown };
}

/** How a `TestProvider` sees the baggage. */
export interface TestProviderOptions {
  /** Default: the lane, authoritative, and the member `targetingKey`. */
  readonly baggage?: BaggageMapping;
}

const defaultMapping: BaggageMapping = { lane: { authoritative: true }, targetingKey: {} };

/** A real provider, rules, baggage, pins and events included, whose flags a test holds in its hand. */
export class TestProvider extends GraylaneProvider {
  readonly #source: MemorySource;
  #flags: TestFlags;

  constructor(flags: TestFlags = {}, { baggage = defaultMapping }: TestProviderOptions = {}) {
    const source = new MemorySource(toDocument(flags));
    super({ source, baggage });
    this.#source = source;
    this.#flags = flags;
  }

  /** Changes these flags, in force at once; the others stay. Emits CONFIGURATION_CHANGED. */
  set(flags: TestFlags): void {
    this.replace({ ...this.#flags, ...flags });
  }

  /** Changes all flags: what is not named is gone. */
  replace(flags: TestFlags): void {
    this.#flags = flags;
    this.#source.update(toDocument(flags));
  }
}

function toDocument(flags: TestFlags): object {
  const definitions = Object.entries(flags).map(([key, flag]) => [key, toDefinition(flag)] as const);
  return { flags: Object.fromEntries(definitions) };
}

function toDefinition(flag: TestFlags[string]): object {
  if (typeof flag === 'object' && 'variants' in flag) return { state: 'ENABLED', ...flag };
  return { state: 'ENABLED', variants: { on: flag }, defaultVariant: 'on' };
}
