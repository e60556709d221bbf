import { FlagdProvider } from '@openfeature/flagd-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fees, serve, type Served } from '../support/serve.ts';

let served: Served;

beforeEach(async () => {
  served = await serve({ metadata: { flagSetId: 'shop' }, flags: { fees } });
});
afterEach(async () => {
  await OpenFeature.close();
  await served.close();
});

test("flagd's own provider evaluates our flags in-process and follows their changes", async () => {
  await OpenFeature.setProviderAndWait('flagd', flagd());
  const client = OpenFeature.getClient('flagd');
  expect(await client.getBooleanDetails('fees', false, { lane: 'gray' })).toMatchObject({
    value: true,
    variant: 'on',
    flagMetadata: { flagSetId: 'shop' },
  });
  expect(await client.getBooleanValue('fees', true)).toBe(false);
  served.edit(JSON.stringify({ flags: { fees: { ...fees, defaultVariant: 'on' } } }));
  await expect.poll(() => client.getBooleanValue('fees', false)).toBe(true);
});

test('a selector picks the set by its id, and one that picks nothing is refused', async () => {
  await OpenFeature.setProviderAndWait('shop', flagd('flagSetId=shop'));
  expect(await OpenFeature.getClient('shop').getBooleanValue('fees', false, { lane: 'gray' })).toBe(true);
  await expect(OpenFeature.setProviderAndWait('other', flagd('flagSetId=other'))).rejects.toThrow(/./);
});

test.each(['in-process', 'rpc'] as const)(
  "flagd's own provider, %s, is right again after the server has stopped and come back",
  async (resolverType) => {
    await OpenFeature.setProviderAndWait('flagd', flagd(undefined, resolverType));
    const client = OpenFeature.getClient('flagd');
    expect(await client.getBooleanValue('fees', true)).toBe(false);
    const { grpcPort } = served;
    await served.close();
    served = await serve({ flags: { fees: { ...fees, defaultVariant: 'on' } } }, { grpcPort });
    await expect.poll(() => client.getBooleanValue('fees', false)).toBe(true);
  },
);

function flagd(selector?: string, resolverType: 'in-process' | 'rpc' = 'in-process'): FlagdProvider {
  return new FlagdProvider({
    host: '127.0.0.1',
    port: served.grpcPort,
    resolverType,
    deadlineMs: 10_000,
    retryBackoffMaxMs: 500,
    ...(selector === undefined ? {} : { selector }),
  });
}
