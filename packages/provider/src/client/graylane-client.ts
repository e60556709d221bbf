import {
  OpenFeature,
  type Client,
  type ClientMetadata,
  type EvaluationContext,
  type EvaluationDetails,
  type EventHandler,
  type EventOptions,
  type FlagEvaluationOptions,
  type Hook,
  type JsonValue,
  type Logger,
  type ProviderEvents,
  type ProviderStatus,
  type TrackingEventDetails,
} from '@openfeature/server-sdk';
import { Evaluator } from './evaluator.ts';
import type { SyncClient } from './sync-client.ts';

/**
 * OpenFeature's client with an evaluation of its own, because the SDK's costs ten times as much as
 * a rule: it is compiled for runtimes without `async`. Everything else, including the client's
 * state, is delegated to a client of the SDK.
 */
export class GraylaneClient implements Client, SyncClient {
  readonly #stock: Client;
  readonly #evaluator: Evaluator;

  constructor(domain?: string) {
    this.#stock = domain === undefined ? OpenFeature.getClient() : OpenFeature.getClient(domain);
    this.#evaluator = new Evaluator(this.#stock, domain);
  }

  get metadata(): ClientMetadata {
    return this.#stock.metadata;
  }

  get providerStatus(): ProviderStatus {
    return this.#stock.providerStatus;
  }

  addHandler(eventType: ProviderEvents, handler: EventHandler, options?: EventOptions): void {
    this.#stock.addHandler(eventType, handler, options);
  }

  removeHandler(eventType: ProviderEvents, handler: EventHandler): void {
    this.#stock.removeHandler(eventType, handler);
  }

  getHandlers(eventType: ProviderEvents): EventHandler[] {
    return this.#stock.getHandlers(eventType);
  }

  setLogger(logger: Logger): this {
    this.#stock.setLogger(logger);
    return this;
  }

  setContext(context: EvaluationContext): this {
    this.#stock.setContext(context);
    return this;
  }

  getContext(): EvaluationContext {
    return this.#stock.getContext();
  }

  addHooks(...hooks: Hook[]): this {
    this.#stock.addHooks(...hooks);
    return this;
  }

  getHooks(): Hook[] {
    return this.#stock.getHooks() as Hook[];
  }

  clearHooks(): this {
    this.#stock.clearHooks();
    return this;
  }

  track(trackingEventName: string, context?: EvaluationContext, details?: TrackingEventDetails): void {
    this.#stock.track(trackingEventName, context, details);
  }

  async getBooleanValue(
    flagKey: string,
    defaultValue: boolean,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): Promise<boolean> {
    return this.#evaluator.value({ type: 'boolean', flagKey, defaultValue, context, options });
  }

  async getBooleanDetails(
    flagKey: string,
    defaultValue: boolean,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): Promise<EvaluationDetails<boolean>> {
    return this.#evaluator.details({ type: 'boolean', flagKey, defaultValue, context, options });
  }

  getBooleanValueSync(
    flagKey: string,
    defaultValue: boolean,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): boolean {
    return this.#evaluator.valueSync({ type: 'boolean', flagKey, defaultValue, context, options });
  }

  getBooleanDetailsSync(
    flagKey: string,
    defaultValue: boolean,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): EvaluationDetails<boolean> {
    return this.#evaluator.detailsSync({ type: 'boolean', flagKey, defaultValue, context, options });
  }

  async getStringValue<T extends string = string>(
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): Promise<T> {
    return this.#evaluator.value({ type: 'string', flagKey, defaultValue, context, options });
  }

  async getStringDetails<T extends string = string>(
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): Promise<EvaluationDetails<T>> {
    return this.#evaluator.details({ type: 'string', flagKey, defaultValue, context, options });
  }

  getStringValueSync<T extends string = string>(
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): T {
    return this.#evaluator.valueSync({ type: 'string', flagKey, defaultValue, context, options });
  }

  getStringDetailsSync<T extends string = string>(
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): EvaluationDetails<T> {
    return this.#evaluator.detailsSync({ type: 'string', flagKey, defaultValue, context, options });
  }

  async getNumberValue<T extends number = number>(
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): Promise<T> {
    return this.#evaluator.value({ type: 'number', flagKey, defaultValue, context, options });
  }

  async getNumberDetails<T extends number = number>(
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): Promise<EvaluationDetails<T>> {
    return this.#evaluator.details({ type: 'number', flagKey, defaultValue, context, options });
  }

  getNumberValueSync<T extends number = number>(
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): T {
    return this.#evaluator.valueSync({ type: 'number', flagKey, defaultValue, context, options });
  }

  getNumberDetailsSync<T extends number = number>(
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): EvaluationDetails<T> {
    return this.#evaluator.detailsSync({ type: 'number', flagKey, defaultValue, context, options });
  }

  async getObjectValue<T extends JsonValue = JsonValue>(
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): Promise<T> {
    return this.#evaluator.value({ type: 'object', flagKey, defaultValue, context, options });
  }

  async getObjectDetails<T extends JsonValue = JsonValue>(
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): Promise<EvaluationDetails<T>> {
    return this.#evaluator.details({ type: 'object', flagKey, defaultValue, context, options });
  }

  getObjectValueSync<T extends JsonValue = JsonValue>(
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): T {
    return this.#evaluator.valueSync({ type: 'object', flagKey, defaultValue, context, options });
  }

  getObjectDetailsSync<T extends JsonValue = JsonValue>(
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): EvaluationDetails<T> {
    return this.#evaluator.detailsSync({ type: 'object', flagKey, defaultValue, context, options });
  }
}
