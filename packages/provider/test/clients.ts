import { getSyncClient, type SyncClient } from '@graylane/provider';
import {
  OpenFeature,
  type Client,
  type EvaluationContext,
  type EvaluationDetails,
  type FlagEvaluationOptions,
  type FlagValue,
  type Hook,
  type Logger,
} from '@openfeature/server-sdk';

/** A client, called in one way for all names of its methods. */
export interface AnyClient {
  details(
    type: string,
    flagKey: string,
    defaultValue: FlagValue,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): Promise<EvaluationDetails<FlagValue>>;
  value(
    type: string,
    flagKey: string,
    defaultValue: FlagValue,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): Promise<FlagValue>;
  addHooks(...hooks: Hook[]): void;
  setContext(context: EvaluationContext): void;
  setLogger(logger: Logger): void;
  status(): string;
}

/** The client of the SDK, and ours in both its ways. */
export const clients: readonly { readonly name: string; readonly open: (domain: string) => AnyClient }[] = [
  { name: "the SDK's client", open: (domain) => adapt(OpenFeature.getClient(domain), '') },
  { name: 'the asynchronous methods', open: (domain) => adapt(getSyncClient(domain), '') },
  { name: 'the synchronous methods', open: (domain) => adapt(getSyncClient(domain), 'Sync') },
];

function adapt(client: Client | (Client & SyncClient), suffix: '' | 'Sync'): AnyClient {
  const call = async (kind: 'Value' | 'Details', type: string, ...args: unknown[]): Promise<unknown> => {
    const name = `get${type.charAt(0).toUpperCase()}${type.slice(1)}${kind}${suffix}`;
    const answer = (client as unknown as Record<string, (...all: unknown[]) => unknown>)[name]?.(...args);
    if (suffix === 'Sync' && answer instanceof Promise) throw new Error(`${name} answered with a promise`);
    return answer;
  };
  return {
    details: (...args) => call('Details', ...args) as Promise<EvaluationDetails<FlagValue>>,
    value: (...args) => call('Value', ...args) as Promise<FlagValue>,
    addHooks: (...hooks) => void client.addHooks(...hooks),
    setContext: (context) => void client.setContext(context),
    setLogger: (logger) => void client.setLogger(logger),
    status: () => client.providerStatus,
  };
}
