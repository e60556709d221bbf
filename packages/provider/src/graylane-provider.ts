import { evaluate } from '@graylane/flags';
import {
  OpenFeatureEventEmitter,
  ProviderEvents,
  type EvaluationContext,
  type JsonValue,
  type Provider,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import { BaggageReader, type BaggageMapping } from './baggage-mapping.ts';
import { CacheFile } from './cache-file.ts';
import type { SyncProvider } from './client/sync-provider.ts';
import { LiveFlags } from './live-flags.ts';
import { notReady, resolve, type FlagType } from './resolve.ts';
import { FileSource } from './source/file-source.ts';
import { FixedSource } from './source/fixed-source.ts';
import type { FlagSource } from './source/flag-source.ts';
import { UrlSource, type UrlSourceOptions } from './source/url-source.ts';

/** Where the rules come from, and what of the baggage they see. */
export interface GraylaneProviderOptions {
  /** A flag server, a flags file (watched), or the flags themselves in flagd's format. */
  readonly source: UrlSourceOptions | { readonly file: string } | { readonly flags: unknown };
  /** What of the baggage enters the evaluation context. Default: the lane, authoritative. */
  readonly baggage?: BaggageMapping;
  /** A file where the last rules of a flag server are kept, so that the service starts without the server. Default: none. */
  readonly cacheFile?: string;
  /** How long `initialize` waits for the first rules, in milliseconds. Default: 10,000. */
  readonly startTimeoutMs?: number;
}

/**
 * Evaluates flags in-process, with the evaluation context combined from the application and the OpenTelemetry Baggage.
 * Emits READY, STALE and CONFIGURATION_CHANGED with `flagsChanged` (OpenFeature specification, section 5).
 */
export class GraylaneProvider implements Provider, SyncProvider {
  readonly metadata: { readonly name: string } = { name: 'graylane' };
  readonly runsOn = 'server';
  readonly events: OpenFeatureEventEmitter = new OpenFeatureEventEmitter();
  readonly #live: LiveFlags;
  readonly #baggage: BaggageReader;
  readonly #startTimeoutMs: number;

  /** @throws {TypeError} where the source or the mapping can't be used. */
  constructor({ source, baggage, cacheFile, startTimeoutMs = 10_000 }: GraylaneProviderOptions) {
    this.#baggage = new BaggageReader(baggage);
    this.#startTimeoutMs = startTimeoutMs;
    const cache = cacheFile === undefined ? undefined : new CacheFile(cacheFile);
    this.#live = new LiveFlags(openSource(source), cache, {
      ready: () => this.events.emit(ProviderEvents.Ready),
      stale: (message) => this.events.emit(ProviderEvents.Stale, { message }),
      changed: (flagKeys) => {
        this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: [...flagKeys] });
      },
    });
  }

  /**
   * Resolves when there are rules: the newest, or the cached ones where the server is out of reach.
   * @throws {Error} when none came in time. It goes on trying, and READY follows when they come.
   */
  async initialize(): Promise<void> {
    await this.#live.open(this.#startTimeoutMs);
  }

  async onClose(): Promise<void> {
    await this.#live.close();
  }

  async resolveBooleanEvaluation(
    flagKey: string,
    defaultValue: boolean,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<boolean>> {
    return this.#resolve(flagKey, 'boolean', defaultValue, context);
  }

  resolveBooleanEvaluationSync(
    flagKey: string,
    defaultValue: boolean,
    context: EvaluationContext,
  ): ResolutionDetails<boolean> {
    return this.#resolve(flagKey, 'boolean', defaultValue, context);
  }

  async resolveStringEvaluation(
    flagKey: string,
    defaultValue: string,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<string>> {
    return this.#resolve(flagKey, 'string', defaultValue, context);
  }

  resolveStringEvaluationSync(
    flagKey: string,
    defaultValue: string,
    context: EvaluationContext,
  ): ResolutionDetails<string> {
    return this.#resolve(flagKey, 'string', defaultValue, context);
  }

  async resolveNumberEvaluation(
    flagKey: string,
    defaultValue: number,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<number>> {
    return this.#resolve(flagKey, 'number', defaultValue, context);
  }

  resolveNumberEvaluationSync(
    flagKey: string,
    defaultValue: number,
    context: EvaluationContext,
  ): ResolutionDetails<number> {
    return this.#resolve(flagKey, 'number', defaultValue, context);
  }

  async resolveObjectEvaluation<T extends JsonValue>(
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<T>> {
    return this.#resolve(flagKey, 'object', defaultValue, context);
  }

  resolveObjectEvaluationSync<T extends JsonValue>(
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext,
  ): ResolutionDetails<T> {
    return this.#resolve(flagKey, 'object', defaultValue, context);
  }

  #resolve<T extends JsonValue>(
    flagKey: string,
    type: FlagType,
    defaultValue: T,
    context: EvaluationContext,
  ): ResolutionDetails<T> {
    const { flags, trouble } = this.#live;
    if (flags === undefined) return notReady(defaultValue, trouble);
    return resolve(evaluate(flags, flagKey, this.#baggage.merge(context)), flagKey, type, defaultValue);
  }
}

function openSource(source: GraylaneProviderOptions['source']): FlagSource {
  if ('url' in source) return new UrlSource(source);
  if ('file' in source) return new FileSource(source.file);
  if ('flags' in source) return new FixedSource(source.flags);
  throw new TypeError('source has no url, no file and no flags: give it one of them');
}
