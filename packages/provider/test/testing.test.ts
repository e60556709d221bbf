import { getActiveLane } from '@graylane/baggage';
import { inLane, TestProvider } from '@graylane/provider/testing';
import { OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { afterEach, expect, test } from 'vitest';

afterEach(() => OpenFeature.clearProviders());

test('flags are values, or definitions in the format of flagd', async () => {
  const targeting = { if: [{ '==': [{ var: 'lane' }, 'gray'] }, 'on'] };
  const provider = new TestProvider({
    simple: true,
    text: 'hello',
    number: 3,
    list: [1, 2],
    object: { a: 1 },
    ruled: { variants: { on: true, off: false }, defaultVariant: 'off', targeting },
    off: { state: 'DISABLED', variants: { on: true }, defaultVariant: 'on' },
  });
  await OpenFeature.setProviderAndWait('test', provider);
  const client = OpenFeature.getClient('test');
  expect(await client.getBooleanValue('simple', false)).toBe(true);
  expect(await client.getStringValue('text', '')).toBe('hello');
  expect(await client.getNumberValue('number', 0)).toBe(3);
  expect(await client.getObjectValue('list', [])).toEqual([1, 2]);
  expect(await client.getObjectValue('object', {})).toEqual({ a: 1 });
  expect(await client.getBooleanValue('ruled', true)).toBe(false);
  expect(await inLane('gray', {}, () => client.getBooleanValue('ruled', false))).toBe(true);
  expect((await client.getBooleanDetails('off', false)).reason).toBe('DISABLED');
});

test('a test changes some flags, or all, and clients hear of it', async () => {
  const provider = new TestProvider({ one: 'a', two: 'a' });
  await OpenFeature.setProviderAndWait('test', provider);
  const client = OpenFeature.getClient('test');
  const changes: unknown[] = [];
  client.addHandler(ProviderEvents.ConfigurationChanged, (event) => changes.push(event?.flagsChanged));
  provider.set({ two: 'b' });
  expect(await client.getStringValue('one', '')).toBe('a');
  expect(await client.getStringValue('two', '')).toBe('b');
  provider.replace({ three: 'c' });
  expect((await client.getStringDetails('one', '')).errorCode).toBe('FLAG_NOT_FOUND');
  expect(changes).toEqual([['two'], ['three', 'one', 'two']]);
});

test('what was set before the start is there at the start, and so it is at the next one', async () => {
  const provider = new TestProvider();
  provider.set({ one: 'a' });
  for (const expected of ['a', 'b']) {
    await OpenFeature.setProviderAndWait('test', provider);
    expect(await OpenFeature.getClient('test').getStringValue('one', '')).toBe(expected);
    await OpenFeature.clearProviders();
    provider.set({ one: 'b' });
  }
});

test('a function runs in a lane with members of the baggage, which rules see', async () => {
  const rule = { '==': [{ var: 'targetingKey' }, 'ada'] };
  const flags = {
    mine: { variants: { on: true, off: false }, defaultVariant: 'off', targeting: { if: [rule, 'on'] } },
  };
  await OpenFeature.setProviderAndWait('test', new TestProvider(flags));
  const client = OpenFeature.getClient('test');
  const seen = await inLane('gray', { targetingKey: 'ada' }, async () => {
    await Promise.resolve();
    return [getActiveLane(), await client.getBooleanValue('mine', false)];
  });
  expect(seen).toEqual(['gray', true]);
  expect(await client.getBooleanValue('mine', true)).toBe(false);
});
