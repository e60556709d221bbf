import type { FlagValue } from '@graylane/flags';
import type { BaggageMapping } from '../baggage/mapping.ts';
import { GraylaneProvider } from '../graylane-provider.ts';
import { MemorySource } from './memory-source.ts';

/**
 * The flags of a test by key: a value for every request, or a definition in flagd's format. An
 * object with `variants` is a definition; its `state` defaults to ENABLED.
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

/** A real provider, including rules, baggage, pins and events, whose flags a test sets. */
export class TestProvider extends GraylaneProvider {
  readonly #source: MemorySource;
  #flags: TestFlags;

  constructor(flags: TestFlags = {}, { baggage = defaultMapping }: TestProviderOptions = {}) {
    const source = new MemorySource(toDocument(flags));
    super({ source, baggage });
    this.#source = source;
    this.#flags = flags;
  }

  /** Changes these flags at once and keeps the others. Emits CONFIGURATION_CHANGED. */
  set(flags: TestFlags): void {
    this.replace({ ...this.#flags, ...flags });
  }

  /** Replaces all flags. Emits CONFIGURATION_CHANGED. */
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
