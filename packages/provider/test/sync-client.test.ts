import { getSyncClient, GraylaneProvider, type SyncClient, type SyncProvider } from '@graylane/provider';
import {
  ErrorCode,
  OpenFeature,
  ProviderEvents,
  type BooleanFlagKey,
  type EvaluationContext,
  type Hook,
  type Logger,
  type Provider,
  type StringFlagKey,
} from '@openfeature/server-sdk';
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';

const flags = {
  flags: {
    fees: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' },
    text: { state: 'ENABLED', variants: { a: 'A' }, defaultVariant: 'a' },
    number: { state: 'ENABLED', variants: { a: 1.5 }, defaultVariant: 'a' },
    object: { state: 'ENABLED', variants: { a: { nested: [1] } }, defaultVariant: 'a' },
    mine: {
      state: 'ENABLED',
      variants: { on: true, off: false },
      defaultVariant: 'off',
      targeting: { if: [{ '==': [{ var: 'region' }, 'eu'] }, 'on'] },
    },
  },
};
const errors: unknown[][] = [];
const quiet = (): void => {};
const logger: Logger = {
  error: (...args) => void errors.push(args),
  warn: quiet,
  info: quiet,
  debug: quiet,
};

beforeEach(async () => {
  errors.length = 0;
  await OpenFeature.setProviderAndWait('sync', new GraylaneProvider({ source: { flags } }));
});

afterEach(async () => {
  OpenFeature.clearHooks().setContext({});
  await OpenFeature.clearProviders();
});

test('values and details of every type come without a promise', () => {
  const client = getSyncClient('sync');
  expect(client.getBooleanValueSync('fees', false)).toBe(true);
  expect(client.getStringValueSync('text', '')).toBe('A');
  expect(client.getNumberValueSync('number', 0)).toBe(1.5);
  expect(client.getObjectValueSync('object', {})).toEqual({ nested: [1] });
  expect(client.getBooleanDetailsSync('fees', false)).toEqual({
    flagKey: 'fees',
    value: true,
    variant: 'on',
    reason: 'STATIC',
    flagMetadata: {},
  });
  expect(client.getStringDetailsSync('text', '').variant).toBe('a');
  expect(client.getNumberDetailsSync('number', 0).value).toBe(1.5);
  expect(client.getObjectDetailsSync('object', {}).value).toEqual({ nested: [1] });
});

test('the keys of flags have the types of the SDK, which an application may narrow', () => {
  expectTypeOf<Parameters<SyncClient['getBooleanValueSync']>[0]>().toEqualTypeOf<BooleanFlagKey>();
  expectTypeOf<Parameters<SyncClient['getStringDetailsSync']>[0]>().toEqualTypeOf<StringFlagKey>();
  const narrow = getSyncClient('sync').getStringValueSync<'A' | 'B'>('text', 'B');
  expectTypeOf(narrow).toEqualTypeOf<'A' | 'B'>();
  expectTypeOf(getSyncClient('sync').getStringValueSync('text', 'B')).toEqualTypeOf<string>();
});

describe('a synchronous call', () => {
  test('returns the default with GENERAL and the remedy where the provider is asynchronous, and does not call it', async () => {
    const resolveBooleanEvaluation = vi.fn();
    await OpenFeature.setProviderAndWait('sync', providerOf({ resolveBooleanEvaluation }));
    const details = getSyncClient('sync').getBooleanDetailsSync('fees', false);
    expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: ErrorCode.GENERAL });
    expect(details.errorMessage).toContain('provider "vendor" returns promises');
    expect(details.errorMessage).toContain('call getBooleanValue or getBooleanDetails');
    expect(getSyncClient('sync').getBooleanValueSync('fees', false)).toBe(false);
    expect(resolveBooleanEvaluation).not.toHaveBeenCalled();
  });

  test('refuses a promise from a method that promised none, and logs what becomes of it', async () => {
    const resolveBooleanEvaluationSync = (() =>
      Promise.reject(new Error('too late'))) as unknown as SyncProvider['resolveBooleanEvaluationSync'];
    await OpenFeature.setProviderAndWait('sync', providerOf({ resolveBooleanEvaluationSync }));
    const client = getSyncClient('sync').setLogger(logger) as ReturnType<typeof getSyncClient>;
    expect(client.getBooleanDetailsSync('fees', false)).toMatchObject({
      value: false,
      errorCode: ErrorCode.GENERAL,
    });
    await expect.poll(() => String(errors.flat())).toContain('too late');
  });

  test.each(['before', 'after', 'error', 'finally'] as const)(
    'returns the default with GENERAL and the remedy where a hook waits in its stage "%s"',
    async (stage) => {
      const client = getSyncClient('sync');
      client.setLogger(logger);
      const hook = { [stage]: () => Promise.reject(new Error('of the hook')) } as Hook;
      const flagKey = stage === 'error' ? 'nobody' : 'fees';
      const details = client.getBooleanDetailsSync(flagKey, false, {}, { hooks: [hook] });
      expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: ErrorCode.GENERAL });
      expect(details.errorMessage).toContain('call getBooleanValue or getBooleanDetails');
      await expect.poll(() => String(errors.flat())).toContain('of the hook');
      expect(await client.getBooleanValue('fees', false)).toBe(true);
    },
  );

  test('never throws: a provider that returns nothing gives GENERAL', async () => {
    const resolveStringEvaluationSync = (() =>
      undefined) as unknown as SyncProvider['resolveStringEvaluationSync'];
    await OpenFeature.setProviderAndWait('sync', providerOf({ resolveStringEvaluationSync }));
    expect(getSyncClient('sync').getStringDetailsSync('text', 'x')).toMatchObject({
      value: 'x',
      errorCode: ErrorCode.GENERAL,
    });
    expect(getSyncClient('sync').getStringValueSync('text', 'x')).toBe('x');
  });

  test.each([
    ['an evaluation context that defends itself', { context: hostile(), options: {} }],
    ['the same, with hooks', { context: hostile(), options: { hooks: [{}] } }],
    ['hooks that are none', { context: {}, options: { hooks: 5 as unknown as Hook[] } }],
  ])('never throws: %s gives GENERAL', async (_case, { context, options }) => {
    const client = getSyncClient('sync');
    const general = { value: false, errorCode: ErrorCode.GENERAL };
    expect(client.getBooleanDetailsSync('fees', false, context, options)).toMatchObject(general);
    expect(client.getBooleanValueSync('fees', false, context, options)).toBe(false);
    expect(await client.getBooleanDetails('fees', false, context, options)).toMatchObject(general);
    expect(await client.getBooleanValue('fees', false, context, options)).toBe(false);
  });

  test('takes __proto__ as an ordinary name on every level and from hooks', async () => {
    const seen: EvaluationContext[] = [];
    const resolveStringEvaluationSync: SyncProvider['resolveStringEvaluationSync'] = (
      _key,
      value,
      context,
    ) => {
      seen.push(context);
      return { value };
    };
    await OpenFeature.setProviderAndWait('sync', providerOf({ resolveStringEvaluationSync }));
    const spoof = JSON.parse('{"__proto__": {"admin": true}}') as EvaluationContext;
    const client = getSyncClient('sync');
    client.setContext(spoof);
    client.getStringValueSync('text', '', { own: 1 });
    client.setContext({});
    client.getStringValueSync('text', '', {}, { hooks: [{ before: () => spoof }] });
    for (const context of seen) {
      expect(Object.hasOwn(context, '__proto__')).toBe(true);
      expect((context as { admin?: boolean }).admin).toBeUndefined();
    }
    expect(seen).toHaveLength(2);
  });
});

describe('a client', () => {
  test('keeps its context, hooks and logger to itself', () => {
    const [one, other] = [getSyncClient('sync'), getSyncClient('sync')];
    const hook: Hook = {};
    one.setContext({ region: 'eu' }).addHooks(hook);
    expect(one.getContext()).toEqual({ region: 'eu' });
    expect(one.getHooks()).toEqual([hook]);
    expect([other.getContext(), other.getHooks()]).toEqual([{}, []]);
    expect(one.getBooleanValueSync('mine', false)).toBe(true);
    expect(other.getBooleanValueSync('mine', false)).toBe(false);
    expect(one.clearHooks().getHooks()).toEqual([]);
  });

  test('follows its domain to another provider', async () => {
    const client = getSyncClient('sync');
    expect(client.getBooleanValueSync('fees', false)).toBe(true);
    const other = { flags: { fees: { ...flags.flags.fees, defaultVariant: 'off' } } };
    await OpenFeature.setProviderAndWait('sync', new GraylaneProvider({ source: { flags: other } }));
    expect(client.getBooleanValueSync('fees', true)).toBe(false);
    expect(getSyncClient().getBooleanDetailsSync('fees', true).errorCode).toBe('PROVIDER_NOT_READY');
  });

  test('gives hooks and providers its own logger, else that of the API', () => {
    const seen: Logger[] = [];
    const client = getSyncClient('sync');
    const hooks = [{ before: ({ logger: given }) => void seen.push(given) } satisfies Hook];
    OpenFeature.setLogger(logger);
    client.getBooleanValueSync('fees', false, {}, { hooks });
    seen[0]?.error('to the API');
    expect(errors).toEqual([['to the API']]);
    const own: Logger = { ...logger, error: (...args) => void errors.push(['own', ...args]) };
    client.setLogger(own);
    client.getBooleanValueSync('fees', false, {}, { hooks });
    seen[1]?.error('to the client');
    expect(errors[1]).toEqual(['own', 'to the client']);
  });

  test('passes events on, once or until the handler is removed', () => {
    const client = getSyncClient('sync');
    const ready: unknown[] = [];
    const changes: unknown[] = [];
    const onReady = (event: unknown): void => void ready.push(event);
    const onChange = (event: unknown): void => void changes.push(event);
    client.addHandler(ProviderEvents.Ready, onReady);
    client.addHandler(ProviderEvents.ConfigurationChanged, onChange);
    expect(ready).toMatchObject([{ domain: 'sync', providerName: 'graylane' }]);
    expect(client.getHandlers(ProviderEvents.ConfigurationChanged)).toHaveLength(1);
    const provider = OpenFeature.getProvider('sync') as GraylaneProvider;
    provider.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: ['fees'] });
    expect(changes).toMatchObject([{ flagsChanged: ['fees'] }]);
    client.removeHandler(ProviderEvents.ConfigurationChanged, onChange);
    provider.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: ['fees'] });
    expect(changes).toHaveLength(1);
    expect(client.getHandlers(ProviderEvents.ConfigurationChanged)).toEqual([]);
  });

  test('tracks with the evaluation context of all levels', async () => {
    const track = vi.fn();
    await OpenFeature.setProviderAndWait('sync', providerOf({ track }));
    OpenFeature.setContext({ a: 1, b: 1, c: 1 });
    const client = getSyncClient('sync');
    client.setContext({ b: 2, c: 2 });
    client.track('paid', { c: 3 }, { value: 9 });
    expect(track).toHaveBeenCalledWith('paid', { a: 1, b: 2, c: 3 }, { value: 9 });
  });
});

function providerOf(members: Partial<Provider & SyncProvider>): Provider {
  return { metadata: { name: 'vendor' }, ...members } as Provider;
}

function hostile(): EvaluationContext {
  return Object.defineProperty({}, 'region', {
    enumerable: true,
    get: () => {
      throw new Error('hands off');
    },
  }) as EvaluationContext;
}
