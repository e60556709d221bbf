import { baggageCounts, getActiveLane, runInLane } from '@graylane/baggage';
import { runInMessage } from '@graylane/baggage/kafka';
import {
  BaggageTransactionContextPropagator,
  getSyncClient,
  GraylaneProvider,
  withBaggage,
  type TrustOptions,
} from '@graylane/provider';
import { InMemoryProvider, NOOP_TRANSACTION_CONTEXT_PROPAGATOR, OpenFeature } from '@openfeature/server-sdk';
import { context, defaultTextMapGetter, ROOT_CONTEXT, type Context } from '@opentelemetry/api';
import { W3CBaggagePropagator } from '@opentelemetry/core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';

const variants = { gray: 'gray', baseline: 'baseline', ada: 'ada', nobody: 'nobody' };
const definition = (name: string, fallback: string, metadata = {}): object => ({
  state: 'ENABLED',
  variants,
  defaultVariant: fallback,
  metadata,
  targeting: { if: [{ in: [{ var: name }, Object.keys(variants)] }, { var: name }, null] },
});
const flags = {
  flags: {
    lane: definition('lane', 'nobody'),
    user: definition('targetingKey', 'nobody'),
    pinned: { state: 'ENABLED', variants, defaultVariant: 'nobody', metadata: { pin: true } },
  },
};
const mapping = { lane: { authoritative: true }, 'user-id': { as: 'targetingKey' } } as const;
const header = 'lane=gray,user-id=ada,pins=pinned.ada.7';

/** The first request of a process brings a context manager, if no SDK has. */
beforeAll(() => runInLane('baseline', () => {}));
afterEach(async () => {
  OpenFeature.setTransactionContextPropagator(NOOP_TRANSACTION_CONTEXT_PROPAGATOR);
  await OpenFeature.clearProviders();
});

describe("a stranger's baggage that OpenTelemetry's propagator has extracted, without a middleware of ours", () => {
  test('counts for nothing: lane, pins and members; trustBaggage opens it', async () => {
    expect(await seen({})).toEqual(['baseline', 'baseline', 'nobody', 'nobody']);
    expect(await seen({ trustBaggage: true })).toEqual(['baseline', 'gray', 'ada', 'ada']);
  });

  test('is counted once a request', async () => {
    const before = baggageCounts().unadmitted ?? 0;
    await seen({});
    expect(baggageCounts().unadmitted).toBe(before + 1);
  });

  test.each([
    [{}, 'baseline nobody'],
    [{ trustBaggage: true }, 'gray ada'],
  ])("with any vendor's provider and %j it yields %s", async (trust, expected) => {
    await OpenFeature.setProviderAndWait(withBaggage(vendor(), mapping, trust));
    expect(await stranger(evaluated)).toBe(expected);
    await OpenFeature.setProviderAndWait(vendor());
    const { lane: _strict, ...ordinary } = mapping;
    OpenFeature.setTransactionContextPropagator(
      new BaggageTransactionContextPropagator({ lane: {}, ...ordinary }, trust),
    );
    expect(await stranger(evaluated)).toBe(expected);
  });
});

test('what an ingress policy has admitted counts, also if baggage is trusted', async () => {
  for (const trustBaggage of [false, true]) {
    await OpenFeature.setProviderAndWait(
      new GraylaneProvider({ source: { flags }, baggage: mapping, trustBaggage }),
    );
    const ingress = { mode: 'accept', keys: ['lane'] } as const;
    const read = (): Promise<string> =>
      runInMessage({ headers: { baggage: header } }, { ingress }, evaluated);
    expect(await read()).toBe('gray nobody');
    expect(await stranger(read)).toBe('gray nobody');
  }
});

function stranger<T>(fn: () => T): T {
  const extracted: Context = new W3CBaggagePropagator().extract(
    ROOT_CONTEXT,
    { baggage: header },
    defaultTextMapGetter,
  );
  return context.with(extracted, fn);
}

/** The lane of the request, and what the rules see of lane, user and pin. */
async function seen(trust: TrustOptions): Promise<string[]> {
  await OpenFeature.setProviderAndWait(
    new GraylaneProvider({ source: { flags }, baggage: mapping, ...trust }),
  );
  const client = getSyncClient();
  return stranger(() => [
    getActiveLane(),
    ...['lane', 'user', 'pinned'].map((flag) => client.getStringValueSync(flag, 'missing')),
  ]);
}

async function evaluated(): Promise<string> {
  const client = OpenFeature.getClient();
  return `${await client.getStringValue('lane', 'missing')} ${await client.getStringValue('user', 'missing')}`;
}

function vendor(): InMemoryProvider {
  const flag = (name: string, fallback: string): never =>
    ({
      disabled: false,
      variants,
      defaultVariant: fallback,
      contextEvaluator: (facts: Record<string, unknown>) =>
        Object.hasOwn(variants, String(facts[name])) ? String(facts[name]) : fallback,
    }) as never;
  return new InMemoryProvider({ lane: flag('lane', 'nobody'), user: flag('targetingKey', 'nobody') });
}
