import { evaluate, mayRead, type Evaluation, type Flag } from '@graylane/flags';
import { checkOptions, checkTypes, openSource, type FlagSource, type SourceOptions } from '@graylane/source';
import { trace, type Attributes } from '@opentelemetry/api';
import {
  OpenFeatureEventEmitter,
  ProviderEvents,
  type EvaluationContext,
  type Hook,
  type JsonValue,
  type Logger,
  type Provider,
  type ProviderMetadata,
  type ResolutionDetails,
  type TrackingEventDetails,
} from '@openfeature/server-sdk';
import { BaggageReader, laneOf, type BaggageMapping } from './baggage/mapping.ts';
import { CacheFile } from './cache-file.ts';
import type { SyncProvider } from './client/sync-provider.ts';
import { LiveFlags } from './live-flags.ts';
import { StateLog } from './state-log.ts';
import { decideOnce, isPinned, type Decision, type PinningProvider } from './baggage/pins.ts';
import { notReady, resolve, type FlagType } from './resolve.ts';
import { FlagUse } from './usage/flag-use.ts';
import { openUsage, type UsageOptions } from './usage/open-usage.ts';
import type { UsageReporter } from './usage/usage-reporter.ts';

/** Where the flags come from, and which baggage their rules see. */
export interface GraylaneProviderOptions {
  /** A flag server, a flags file (watched), a whole flagd document, or a source of your own. */
  readonly source: SourceOptions;
  /** Which baggage members enter the evaluation context. Default: the lane, authoritative. */
  readonly baggage?: BaggageMapping;
  /**
   * Counts baggage that no ingress policy has admitted, so that any caller can choose the lane.
   * Default: false.
   */
  readonly trustBaggage?: boolean;
  /**
   * A file that keeps the last flags of the source, so that the service starts without its server.
   * It is used only by a provider with the same server and environment. Default: none.
   */
  readonly cacheFile?: string;
  /**
   * How long `initialize` waits for the first flags, in milliseconds. Time in which the event loop
   * stands still does not count. Default: 10,000.
   */
  readonly startTimeoutMs?: number;
  /**
   * The report to the flag server of how often which flag had which variant, by rule and lane,
   * without evaluation contexts or values; `false` for none. For the source `{ url }` alone.
   */
  readonly usage?: UsageOptions | false;
  /** Hooks for every evaluation of this provider: last before, first after it. Default: none. */
  readonly hooks?: readonly Hook[];
  /**
   * Receives one line when the flags are ready, when they change and, once for each cause, when
   * they may be old. Default: OpenTelemetry's `diag`.
   */
  readonly logger?: Logger;
}

/** The provider's description, for observers: the revision is the one in force. */
export type GraylaneMetadata = ProviderMetadata & {
  /** The environment of a flag server; undefined for other sources. */
  readonly environment?: string;
  readonly revision: string;
};

/**
 * Evaluates flags in-process, with an evaluation context from the application and the OpenTelemetry
 * Baggage. Emits READY, STALE and CONFIGURATION_CHANGED with `flagsChanged` (OpenFeature
 * specification, section 5). One instance may serve several domains, and may be used again after it
 * was closed.
 */
export class GraylaneProvider implements Provider, SyncProvider, PinningProvider {
  readonly metadata: GraylaneMetadata;
  readonly runsOn = 'server';
  readonly events: OpenFeatureEventEmitter = new OpenFeatureEventEmitter();
  readonly hooks: Hook[];
  readonly #open: () => LiveFlags;
  readonly #baggage: BaggageReader;
  readonly #startTimeoutMs: number;
  /** Whether the rule of a flag may read baggage, and how often it was evaluated. */
  readonly #uses = new WeakMap<Flag, FlagUse>();
  readonly #usage: UsageReporter | undefined;
  #live: LiveFlags;
  #closed = false;

  /** @throws {TypeError} if the source or the mapping can't be used, or an option is unknown. */
  constructor(options: GraylaneProviderOptions) {
    const given: Partial<GraylaneProviderOptions> = options ?? {};
    checkOptions('GraylaneProvider', given, optionNames);
    checkTypes('GraylaneProvider', given, optionTypes);
    const {
      source,
      baggage,
      trustBaggage = false,
      cacheFile,
      startTimeoutMs = 10_000,
      usage = {},
      hooks = [],
      logger,
    } = given;
    this.#baggage = new BaggageReader(baggage, { trustBaggage });
    this.#startTimeoutMs = startTimeoutMs;
    this.hooks = [...hooks];
    this.#open = () => this.#openFlags(openSource(source), cacheFile, new StateLog(logger));
    this.#live = this.#open();
    this.metadata = this.#describe(source);
    this.#usage = openUsage(source, usage, (message) => new StateLog(logger).trouble(message));
  }

  /** The source's name for the flags in force, which pins carry. Empty before the first flags. */
  get revision(): string {
    return this.#live.revision;
  }

  /**
   * Resolves when there are flags: the newest, or the cached ones if the server can't be reached.
   * @throws {ProviderFatalError} if the server refuses the token and there are no cached flags.
   * @throws {Error} if no flags arrive in time, or the provider is closed meanwhile. In both cases
   * but the last, the provider keeps trying, and READY follows when the flags arrive.
   */
  async initialize(): Promise<void> {
    if (this.#closed) this.#live = this.#open();
    this.#closed = false;
    this.#usage?.start();
    await this.#live.open(this.#startTimeoutMs);
  }

  async onClose(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#live.close(), this.#usage?.close()]);
  }

  /**
   * Adds a tracking event (OpenFeature specification, section 6) to the active span, with those of
   * its details that are strings, numbers or booleans. The span has the lane. The evaluation
   * context is left out, because it identifies people.
   */
  track(trackingEventName: string, _context: EvaluationContext, details: TrackingEventDetails = {}): void {
    const scalars = Object.entries(details).filter(([, value]) =>
      /^(string|number|boolean)$/.test(typeof value),
    );
    trace.getActiveSpan()?.addEvent(trackingEventName, Object.fromEntries(scalars) as Attributes);
  }

  /**
   * Decides these flags now and pins them to the active request, so that all services that it calls
   * agree. Applications call `pin`. Returns the keys that are pinned: not those of flags without
   * `pin: true`, of disabled flags, or of unknown ones.
   */
  pin(flagKeys: readonly string[], context: EvaluationContext): readonly string[] {
    return flagKeys.filter((flagKey) => isPinned(this.#decide(flagKey, context), flagKey));
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

  /** What observers read with an event. */
  get #state(): { readonly revision: string; readonly environment?: string } {
    const { revision, environment } = this.metadata;
    return { revision, ...(environment !== undefined && { environment }) };
  }

  #describe(source: SourceOptions | undefined): GraylaneMetadata {
    const revision = (): string => this.#live.revision;
    const isServer = typeof source === 'object' && 'url' in source;
    return {
      name: 'graylane',
      ...(isServer && { environment: source.environment ?? 'default' }),
      get revision() {
        return revision();
      },
    };
  }

  #openFlags(source: FlagSource, cacheFile: string | undefined, log: StateLog): LiveFlags {
    const cache =
      cacheFile === undefined
        ? undefined
        : new CacheFile(cacheFile, source.id ?? 'a source without an id', (message) => log.trouble(message));
    return new LiveFlags(source, {
      cache,
      log,
      listener: {
        ready: () => this.events.emit(ProviderEvents.Ready, { metadata: this.#state }),
        stale: (message) => this.events.emit(ProviderEvents.Stale, { message }),
        changed: (flagKeys) => {
          const metadata = this.#state;
          this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: [...flagKeys], metadata });
        },
      },
    });
  }

  #resolve<T extends JsonValue>(
    flagKey: string,
    type: FlagType,
    defaultValue: T,
    context: EvaluationContext,
  ): ResolutionDetails<T> {
    const decision = this.#decide(flagKey, context);
    if (decision === undefined) return notReady(defaultValue, this.#live.trouble);
    return resolve(decision, flagKey, type, defaultValue);
  }

  /** Undefined before the first flags. */
  #decide(flagKey: string, context: EvaluationContext): Decision | undefined {
    const { flags, revision } = this.#live;
    if (flags === undefined) return undefined;
    const flag = flags.get(flagKey);
    if (flag === undefined) return evaluate(flags, flagKey, context);
    const use = this.#uses.get(flag) ?? this.#useOf(flag);
    const { readsBaggage } = use;
    const cell = readsBaggage ? this.#baggage.activeCell() : undefined;
    const merged = readsBaggage ? this.#baggage.merge(context, cell) : context;
    const evaluation: Evaluation = evaluate(flags, flagKey, merged);
    const decision =
      evaluation.flagMetadata['pin'] === true
        ? decideOnce(evaluation, flagKey, flag, revision, readsBaggage ? cell : this.#baggage.activeCell())
        : evaluation;
    if (this.#usage !== undefined)
      use.count(decision, laneOf(readsBaggage ? cell : this.#baggage.observedCell()));
    return decision;
  }

  /** Most rules read no baggage, and a merged evaluation context costs more than they do. */
  #useOf(flag: Flag): FlagUse {
    const use = new FlagUse(flag, mayRead(flag, this.#baggage.names), this.#usage?.counter.add ?? ignore);
    this.#uses.set(flag, use);
    return use;
  }
}

function ignore(): void {
  // Without a report nothing is counted.
}

const optionNames = [
  'source',
  'baggage',
  'trustBaggage',
  'cacheFile',
  'startTimeoutMs',
  'usage',
  'hooks',
  'logger',
];
const optionTypes = {
  baggage: 'object',
  cacheFile: 'string',
  startTimeoutMs: 'positive number',
  hooks: 'array',
  logger: 'object',
} as const;
