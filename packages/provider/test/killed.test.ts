import { getActiveLane, isKilledLane, runInLane } from '@graylane/baggage';
import { runInMessage } from '@graylane/baggage/kafka';
import { GraylaneProvider, withBaggage } from '@graylane/provider';
import type { FlagSink, FlagSource } from '@graylane/source';
import { InMemoryProvider, OpenFeature } from '@openfeature/server-sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';

const onOff = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
const inGray = { if: [{ '===': [{ var: 'lane' }, 'gray'] }, 'on'] };
const document = {
  flags: {
    fees: { ...onOff, targeting: inGray },
    where: { ...onOff, targeting: { if: [{ '===': [{ var: 'place' }, 'gray'] }, 'on'] } },
    pinned: { ...onOff, metadata: { pin: true }, targeting: inGray },
  },
};
const mapping = { lane: { as: 'place', authoritative: true } } as const;
const gray = { lanes: { gray: {} } };

let sink: FlagSink;
const source: FlagSource = {
  start: (given) => {
    sink = given;
    sink.update(document, '1');
    sink.live();
  },
  close: () => {},
};

beforeEach(async () => {
  await OpenFeature.setProviderAndWait(new GraylaneProvider({ source }));
});
afterEach(() => OpenFeature.clearProviders());

const evaluated = (key: string, domain?: string): Promise<boolean> =>
  domain === undefined
    ? OpenFeature.getClient().getBooleanValue(key, false)
    : OpenFeature.getClient(domain).getBooleanValue(key, false);

test('a request that was dyed before the kill is baseline in its next evaluation', async () => {
  await runInLane('gray', async () => {
    expect(await evaluated('fees')).toBe(true);
    await sink.change({ flags: {}, $killed: gray }, '2');
    expect(await evaluated('fees')).toBe(false);
    await sink.change({ flags: {}, $killed: null }, '3');
    expect(await evaluated('fees')).toBe(true);
  });
});

test('so it is under another name of the lane, and with the provider of a vendor', async () => {
  await OpenFeature.setProviderAndWait('place', new GraylaneProvider({ source, baggage: mapping }));
  const vendor = new InMemoryProvider({
    where: {
      variants: { on: true, off: false },
      defaultVariant: 'off',
      disabled: false,
      contextEvaluator: ({ place }) => (place === 'gray' ? 'on' : 'off'),
    },
  });
  await OpenFeature.setProviderAndWait('vendor', withBaggage(vendor, mapping));
  await runInLane('gray', async () => {
    expect([await evaluated('where', 'place'), await evaluated('where', 'vendor')]).toEqual([true, true]);
    await sink.change({ flags: {}, $killed: gray }, '2');
    expect([await evaluated('where', 'place'), await evaluated('where', 'vendor')]).toEqual([false, false]);
  });
});

test('pins of a killed lane do not count, and a killed flag is off although it is pinned', async () => {
  await runInLane('gray', async () => {
    expect(await evaluated('pinned')).toBe(true);
    await sink.change({ flags: {}, $killed: gray }, '2');
    expect(await evaluated('pinned')).toBe(false);
    await sink.change({ flags: {}, $killed: { flags: { pinned: {} } } }, '3');
    expect(await OpenFeature.getClient().getBooleanDetails('pinned', true)).toMatchObject({
      value: true,
      reason: 'DISABLED',
    });
  });
});

test('the ingress of the process follows the flag server, until the provider is closed', async () => {
  const ingress = { mode: 'accept', keys: ['lane'] } as const;
  const message = { headers: { baggage: 'lane=gray' } };
  const laneOf = (): string => runInMessage(message, { ingress }, getActiveLane);
  expect(laneOf()).toBe('gray');
  await sink.change({ flags: {}, $killed: gray }, '2');
  expect(laneOf()).toBe('baseline');
  await OpenFeature.clearProviders();
  expect(isKilledLane('gray')).toBe(false);
  expect(laneOf()).toBe('gray');
});
