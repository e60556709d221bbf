import { inLane, TestProvider } from '@graylane/provider/testing';
import { getSyncClient, GraylaneProvider, pin, withBaggage } from '@graylane/provider';
import {
  OpenFeature,
  OpenFeatureEventEmitter,
  ProviderEvents,
  ProviderFatalError,
  type EvaluationContext,
  type Hook,
  type Provider,
} from '@openfeature/server-sdk';
import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => OpenFeature.clearProviders());

/** As vendors write them: a class with private fields. */
class Vendor implements Provider {
  readonly metadata = { name: 'vendor' };
  readonly runsOn = 'server';
  readonly domainScoped = true;
  readonly events = new OpenFeatureEventEmitter();
  readonly hooks: Hook[] = [{ before: () => ({ ofHook: true }) }];
  readonly seen: unknown[] = [];
  #prefix = '';

  async initialize(context?: EvaluationContext, domain?: string): Promise<void> {
    this.#prefix = `${domain}:`;
    this.seen.push(['initialize', context]);
  }

  async onClose(): Promise<void> {
    this.seen.push(['onClose', this.#prefix]);
  }

  track(name: string, context: EvaluationContext): void {
    this.seen.push([this.#prefix + name, context]);
  }

  async resolveBooleanEvaluation(flagKey: string, value: boolean, context: EvaluationContext) {
    this.seen.push([this.#prefix + flagKey, context]);
    return { value };
  }

  async resolveStringEvaluation(flagKey: string, value: string, context: EvaluationContext) {
    this.seen.push([this.#prefix + flagKey, context]);
    return { value };
  }

  async resolveNumberEvaluation(flagKey: string, value: number, context: EvaluationContext) {
    this.seen.push([this.#prefix + flagKey, context]);
    return { value };
  }

  async resolveObjectEvaluation<T>(flagKey: string, value: T, context: EvaluationContext) {
    this.seen.push([this.#prefix + flagKey, context]);
    return { value };
  }
}

test('forwards every member of a provider, and merges the baggage into what evaluates and tracks', async () => {
  const vendor = new Vendor();
  const provider = withBaggage(vendor);
  OpenFeature.setContext({ region: 'eu' });
  await OpenFeature.setProviderAndWait('way', provider);
  const client = OpenFeature.getClient('way');
  expect(client.metadata.providerMetadata).toEqual({ name: 'vendor' });
  expect([provider.runsOn, provider.domainScoped, provider.hooks]).toEqual(['server', true, vendor.hooks]);
  const changes = vi.fn();
  client.addHandler(ProviderEvents.ConfigurationChanged, changes);
  vendor.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: ['a'] });
  expect(changes).toHaveBeenCalledWith(expect.objectContaining({ flagsChanged: ['a'] }));
  await inLane('gray', {}, async () => {
    await client.getBooleanValue('a', true);
    await client.getStringValue('b', '');
    await client.getNumberValue('c', 0);
    await client.getObjectValue('d', {});
    client.track('paid', { own: 1 });
  });
  await OpenFeature.clearProviders();
  OpenFeature.setContext({});
  const evaluated = { region: 'eu', ofHook: true, lane: 'gray' };
  expect(vendor.seen).toEqual([
    ['initialize', { region: 'eu' }],
    ['way:a', evaluated],
    ['way:b', evaluated],
    ['way:c', evaluated],
    ['way:d', evaluated],
    ['way:paid', { region: 'eu', own: 1, lane: 'gray' }],
    ['onClose', 'way:'],
  ]);
});

test('leaves out what the vendor leaves out', () => {
  const least = { metadata: { name: 'least' } } as Provider;
  const wrapped = withBaggage(least) as unknown as Record<string, unknown>;
  const optional = [
    'initialize',
    'onClose',
    'track',
    'hooks',
    'events',
    'resolveBooleanEvaluationSync',
    'pin',
  ];
  expect(optional.filter((member) => wrapped[member] !== undefined || member in wrapped)).toEqual([]);
});

test('lets the failure of a start through', async () => {
  const failing = {
    metadata: { name: 'failing' },
    initialize: () => Promise.reject(new ProviderFatalError('no')),
  };
  await expect(
    OpenFeature.setProviderAndWait('way', withBaggage(failing as unknown as Provider)),
  ).rejects.toThrow('no');
  expect(OpenFeature.getClient('way').providerStatus).toBe('FATAL');
});

test('keeps a provider synchronous, and able to pin', async () => {
  const fees = { variants: { on: true, off: false }, defaultVariant: 'off', metadata: { pin: true } };
  const targeting = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on'] };
  const inner = new TestProvider({ fees: { ...fees, targeting } });
  await OpenFeature.setProviderAndWait('way', withBaggage(inner, { plan: {} }));
  inLane('gray', { plan: 'pro' }, () => {
    expect(getSyncClient('way').getBooleanValueSync('fees', false)).toBe(true);
    expect(pin(['fees'], {}, { domain: 'way' })).toEqual(['fees']);
  });
});

test('refuses a type that there is not, and names it', () => {
  const mapping = { age: { type: 'date' as 'string' } };
  expect(() => withBaggage(new Vendor(), mapping)).toThrow('"age" has the type "date"');
  expect(() => new GraylaneProvider({ source: { flags: {} }, baggage: mapping })).toThrow('"age"');
});
