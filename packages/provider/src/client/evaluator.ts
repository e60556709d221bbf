import {
  DefaultLogger,
  GeneralError,
  instantiateErrorByErrorCode,
  OpenFeature,
  ProviderFatalError,
  ProviderNotReadyError,
  ProviderStatus,
  type Client,
  type EvaluationContext,
  type EvaluationDetails,
  type FlagEvaluationOptions,
  type FlagValue,
  type FlagValueType,
  type Hook,
  type Logger,
  type Provider,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import { isEmpty, overlay, readAll, type Draft } from '../evaluation-context.ts';
import { detailsOf, errorDetails } from './evaluation-details.ts';
import { isThenable, runStages, runStagesSync, stages } from './hooked-evaluation.ts';
import { asyncResolver, syncResolver, type Resolver } from './resolver.ts';

/** The arguments of one evaluation. */
interface Call<T extends FlagValue> {
  readonly type: FlagValueType;
  readonly flagKey: string;
  readonly defaultValue: T;
  readonly context: EvaluationContext | undefined;
  readonly options: FlagEvaluationOptions | undefined;
}

/**
 * Evaluates as the SDK's client does, with the context, hooks, logger and status of that client
 * (OpenFeature specification, section 1.4).
 */
export class Evaluator {
  readonly #client: Client;
  readonly #domain: string | undefined;

  constructor(client: Client, domain: string | undefined) {
    this.#client = client;
    this.#domain = domain;
  }

  value<T extends FlagValue>(call: Call<T>): T | Promise<T> {
    const result = this.#quickValue(call);
    return result === notQuick ? Promise.resolve(this.details(call)).then(({ value }) => value) : result;
  }

  valueSync<T extends FlagValue>(call: Call<T>): T {
    const result = this.#quickValue(call);
    return result === notQuick ? this.detailsSync(call).value : result;
  }

  details<T extends FlagValue>(call: Call<T>): EvaluationDetails<T> | Promise<EvaluationDetails<T>> {
    try {
      const provider = this.#provider;
      const hooks = this.#hooksOf(provider, call);
      const resolver = syncResolver(provider, call.type);
      if (hooks.length > 0) {
        const available = resolver ?? asyncResolver(provider, call.type);
        return runStages(this.#stages(provider, available, hooks, call));
      }
      return resolver ? this.#detailsOf(provider, resolver, call) : this.#detailsLater(provider, call);
    } catch (error) {
      return errorDetails(call.flagKey, call.defaultValue, error);
    }
  }

  detailsSync<T extends FlagValue>(call: Call<T>): EvaluationDetails<T> {
    const { type, flagKey, defaultValue } = call;
    try {
      const provider = this.#provider;
      const hooks = this.#hooksOf(provider, call);
      const resolver = syncResolver(provider, type) ?? refuser(provider, type);
      if (hooks.length === 0) return this.#detailsOf(provider, resolver, call);
      let refusal: Error | undefined;
      const details = runStagesSync(this.#stages(provider, resolver, hooks, call), (promise) => {
        return (refusal = this.#refuse(promise, `a hook or provider "${provider.metadata.name}"`, type));
      });
      // A promise in one of the last stages: the earlier stages have run, but the caller can still
      // get the error.
      return refusal ? errorDetails(flagKey, defaultValue, refusal) : details;
    } catch (error) {
      return errorDetails(flagKey, defaultValue, error);
    }
  }

  /**
   * The value if there is no hook and the provider is synchronous, so that the details are not
   * needed.
   */
  #quickValue<T extends FlagValue>(call: Call<T>): T | typeof notQuick {
    let provider: Provider;
    let resolver: Resolver | undefined;
    try {
      provider = this.#provider;
      resolver = syncResolver(provider, call.type);
      if (resolver === undefined || this.#hooksOf(provider, call) !== none) return notQuick;
    } catch {
      // The options can't be read. The details report the error.
      return notQuick;
    }
    try {
      const { errorCode, value } = this.#resolve(provider, resolver, call);
      return errorCode ? call.defaultValue : value;
    } catch {
      // The value of a failed evaluation is the default; its details have the error.
      return call.defaultValue;
    }
  }

  /** Without hooks, from a synchronous provider. */
  #detailsOf<T extends FlagValue>(
    provider: Provider,
    resolver: Resolver,
    call: Call<T>,
  ): EvaluationDetails<T> {
    try {
      return finished(call, this.#resolve(provider, resolver, call));
    } catch (error) {
      return errorDetails(call.flagKey, call.defaultValue, error);
    }
  }

  /** Without hooks, from any provider. */
  async #detailsLater<T extends FlagValue>(provider: Provider, call: Call<T>): Promise<EvaluationDetails<T>> {
    const { type, flagKey, defaultValue, context } = call;
    try {
      this.#requireReady();
      const merged = Object.freeze(this.#mergedCopy(context));
      const resolver = asyncResolver(provider, type);
      return finished(call, await resolver.call(provider, flagKey, defaultValue, merged, this.#logger));
    } catch (error) {
      return errorDetails(flagKey, defaultValue, error);
    }
  }

  #resolve<T extends FlagValue>(
    provider: Provider,
    resolver: Resolver,
    { type, flagKey, defaultValue, context }: Call<T>,
  ): ResolutionDetails<T> {
    this.#requireReady();
    const result = resolver.call(provider, flagKey, defaultValue, this.#merged(context), this.#logger);
    if (isThenable(result)) throw this.#refuse(result, `provider "${provider.metadata.name}"`, type);
    return result;
  }

  #stages<T extends FlagValue>(
    provider: Provider,
    resolver: Resolver,
    hooks: readonly Hook[],
    { type, flagKey, defaultValue, context, options }: Call<T>,
  ): Generator<unknown, EvaluationDetails<T>, unknown> {
    const logger = this.#logger;
    return stages({
      type,
      flagKey,
      defaultValue,
      hooks,
      hints: options?.hookHints,
      context: this.#mergedCopy(context),
      logger,
      clientMetadata: this.#client.metadata,
      providerMetadata: provider.metadata,
      resolve: (merged) => {
        this.#requireReady();
        return resolver.call(provider, flagKey, defaultValue, merged, logger);
      },
    });
  }

  get #provider(): Provider {
    return api.getProvider(this.#domain);
  }

  /** The SDK does not expose its logger, so this reads a private member of its client. */
  get #logger(): Logger {
    return (this.#client as unknown as { readonly _logger?: Logger })._logger ?? fallback;
  }

  /** In the order of their `before` stage (section 4.4.2). */
  #hooksOf(provider: Provider, { options }: Call<FlagValue>): readonly Hook[] {
    const global = api.getHooks();
    const client = this.#client.getHooks() as Hook[];
    const invocation = options?.hooks ?? none;
    const ofProvider = provider.hooks ?? none;
    const count = global.length + client.length + invocation.length + ofProvider.length;
    return count === 0 ? none : [...global, ...client, ...invocation, ...ofProvider];
  }

  /**
   * The evaluation context of all levels; the caller's own object if the other levels are empty.
   */
  #merged(invocation: EvaluationContext | undefined): EvaluationContext {
    const alone =
      isEmpty(api.getContext()) && isEmpty(api.getTransactionContext()) && isEmpty(this.#client.getContext());
    return alone ? readAll(invocation ?? {}) : this.#mergedCopy(invocation);
  }

  #mergedCopy(invocation: EvaluationContext | undefined): EvaluationContext {
    const merged: Draft = {};
    overlay(merged, api.getContext());
    overlay(merged, api.getTransactionContext());
    overlay(merged, this.#client.getContext());
    overlay(merged, invocation);
    return merged as EvaluationContext;
  }

  #requireReady(): void {
    const status = this.#client.providerStatus;
    if (status === NOT_READY) throw new ProviderNotReadyError('provider has not yet initialized');
    if (status === FATAL) throw new ProviderFatalError('provider is in an irrecoverable error state');
  }

  /**
   * The error for a promise in a synchronous call. Nothing else awaits the promise, so its
   * rejection is logged.
   */
  #refuse(promise: PromiseLike<unknown>, who: string, type: FlagValueType): Error {
    promise.then(undefined, (error: unknown) => this.#logger.error(`${who} failed later:`, error));
    return new GeneralError(`${who} returned a promise, ${remedies[type]}`);
  }
}

/**
 * Exports of a CommonJS module are slow getters, and one evaluation reads these several times.
 * Constants are not.
 */
const api = OpenFeature;
const { NOT_READY, FATAL } = ProviderStatus;

const notQuick = Symbol('not quick');
const none: readonly never[] = [];
const fallback = new DefaultLogger();

const remedies: Readonly<Record<FlagValueType, string>> = {
  boolean: remedy('getBoolean'),
  string: remedy('getString'),
  number: remedy('getNumber'),
  object: remedy('getObject'),
};

function remedy(method: string): string {
  return `which ${method}ValueSync and ${method}DetailsSync can't wait for: call ${method}Value or ${method}Details`;
}

/**
 * Replaces a synchronous method that the provider lacks. Its asynchronous one would send a request
 * in vain.
 */
function refuser({ metadata: { name } }: Provider, type: FlagValueType): Resolver {
  return () => {
    throw new GeneralError(`provider "${name}" returns promises, ${remedies[type]}`);
  };
}

function finished<T extends FlagValue>(
  { flagKey, defaultValue }: Call<T>,
  resolution: ResolutionDetails<T>,
): EvaluationDetails<T> {
  const { errorCode, errorMessage } = resolution;
  if (!errorCode) return detailsOf(flagKey, resolution);
  const error = instantiateErrorByErrorCode(errorCode, errorMessage);
  return errorDetails(flagKey, defaultValue, error, resolution.flagMetadata);
}
