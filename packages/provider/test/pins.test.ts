import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  baggageCounts,
  emit,
  getActiveCell,
  getActiveLane,
  runInLane,
  type BaggageEvent,
  type IngressPolicy,
} from '@graylane/baggage';
import { baggageMiddleware } from '@graylane/baggage/express';
import { baggageListener } from '@graylane/baggage/http';
import { runInMessage } from '@graylane/baggage/kafka';
import { getSyncClient, GraylaneProvider, pin } from '@graylane/provider';
import { inLane, TestProvider, type TestFlags } from '@graylane/provider/testing';
import { context } from '@opentelemetry/api';
import { OpenFeature, type Provider } from '@openfeature/server-sdk';
import express from 'express';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const variants = { on: true, off: false };
const fees = (defaultVariant: string, pinned = true) => ({
  variants,
  defaultVariant,
  metadata: { owner: 'pay', ...(pinned && { pin: true }) },
});
/** Two services: each has its own rules. */
let orders: TestProvider;
let payments: TestProvider;
const atOrders = getSyncClient('orders');
const atPayments = getSyncClient('payments');

beforeEach(async () => {
  orders = new TestProvider({ fees: fees('off') });
  payments = new TestProvider({ fees: fees('off') });
  await OpenFeature.setProviderAndWait('orders', orders);
  await OpenFeature.setProviderAndWait('payments', payments);
});

afterEach(() => OpenFeature.clearProviders());

describe('a flag with pin: true', () => {
  test('is decided once a request, though its rules change meanwhile', () => {
    runInLane('gray', () => {
      const first = atOrders.getBooleanDetailsSync('fees', true);
      expect(first).toMatchObject({ value: false, variant: 'off', reason: 'STATIC' });
      expect(first.flagMetadata).toEqual({ owner: 'pay', pin: true });
      orders.set({ fees: fees('on') });
      expect(atOrders.getBooleanDetailsSync('fees', true)).toEqual({
        flagKey: 'fees',
        value: false,
        variant: 'off',
        reason: 'CACHED',
        flagMetadata: { owner: 'pay', pin: true, pinRevision: revisionBefore(orders) },
      });
    });
    runInLane('gray', () => expect(atOrders.getBooleanValueSync('fees', false)).toBe(true));
  });

  test('has the upstream decision downstream, with any rules there', () => {
    payments.set({ fees: fees('on') });
    runInLane('gray', () => {
      const { reason, variant } = atOrders.getBooleanDetailsSync('fees', true);
      expect([reason, variant]).toEqual(['STATIC', 'off']);
      hop(() => {
        expect(atPayments.getBooleanDetailsSync('fees', true)).toMatchObject({
          value: false,
          variant: 'off',
          reason: 'CACHED',
        });
        hop(() => expect(atPayments.getBooleanValueSync('fees', true)).toBe(false));
      });
    });
  });

  test("has the same value in the SDK's client", async () => {
    payments.set({ fees: fees('on') });
    await runInLane('gray', async () => {
      const client = OpenFeature.getClient('payments');
      expect(await OpenFeature.getClient('orders').getBooleanValue('fees', true)).toBe(false);
      expect(await client.getBooleanDetails('fees', true)).toMatchObject({ value: false, reason: 'CACHED' });
    });
  });

  test('is pinned downstream only: what was decided there does not come back', () => {
    runInLane('gray', () => {
      hop(() => {
        expect(atPayments.getBooleanValueSync('fees', true)).toBe(false);
        payments.set({ fees: fees('on') });
        expect(atPayments.getBooleanValueSync('fees', true)).toBe(false);
      });
      hop(() => expect(atPayments.getBooleanValueSync('fees', false)).toBe(true));
      expect(getActiveCell()?.pins.size).toBe(0);
    });
  });

  test('is pinned for undyed requests too', () => {
    runInLane('baseline', () => {
      atOrders.getBooleanValueSync('fees', true);
      payments.set({ fees: fees('on') });
      hop(() => expect(atPayments.getBooleanValueSync('fees', true)).toBe(false));
    });
  });

  test('is taken from its pin where the rule is broken', () => {
    payments.set({ fees: { ...fees('on'), targeting: { iff: [] } } });
    runInLane('gray', () => {
      expect(atPayments.getBooleanDetailsSync('fees', true).errorCode).toBe('PARSE_ERROR');
      atOrders.getBooleanValueSync('fees', true);
      hop(() => expect(atPayments.getBooleanDetailsSync('fees', true).reason).toBe('CACHED'));
    });
  });

  test('may be set for a whole set of flags', async () => {
    const document = {
      metadata: { pin: true },
      flags: { fees: { state: 'ENABLED', ...fees('off', false) } },
    };
    await OpenFeature.setProviderAndWait('orders', new GraylaneProvider({ source: { flags: document } }));
    runInLane('gray', () => {
      atOrders.getBooleanValueSync('fees', true);
      expect(atOrders.getBooleanDetailsSync('fees', true).reason).toBe('CACHED');
    });
  });

  test('keeps its type: a call for another one gets TYPE_MISMATCH', () => {
    runInLane('gray', () => {
      atOrders.getBooleanValueSync('fees', true);
      expect(atOrders.getStringDetailsSync('fees', 'x')).toMatchObject({
        value: 'x',
        errorCode: 'TYPE_MISMATCH',
      });
    });
  });
});

test('without a pin the same request gets mixed values', () => {
  orders.set({ fees: fees('off', false) });
  payments.set({ fees: fees('on', false) });
  runInLane('gray', () => {
    expect(atOrders.getBooleanValueSync('fees', true)).toBe(false);
    hop(() => expect(atPayments.getBooleanValueSync('fees', false)).toBe(true));
  });
});

describe('a pin is not honoured', () => {
  test('where the local definition does not have pin: true', () => {
    payments.set({ fees: fees('on', false) });
    runInLane('gray', () => {
      atOrders.getBooleanValueSync('fees', true);
      hop(() =>
        expect(atPayments.getBooleanDetailsSync('fees', false)).toMatchObject({
          value: true,
          reason: 'STATIC',
        }),
      );
    });
  });

  test.each([{ metadata: { pin: 'true' } }, { metadata: { pin: 1 } }, { metadata: { pin: false } }])(
    'where it has %j',
    (other) => {
      orders.set({ fees: { ...fees('off'), ...other } });
      runInLane('gray', () => {
        atOrders.getBooleanValueSync('fees', true);
        expect(getActiveCell()?.pins.size).toBe(0);
      });
    },
  );

  test('where the flag is disabled', () => {
    payments.set({ fees: { ...fees('on'), state: 'DISABLED' } });
    runInLane('gray', () => {
      expect(atOrders.getBooleanValueSync('fees', true)).toBe(false);
      hop(() =>
        expect(atPayments.getBooleanDetailsSync('fees', true)).toMatchObject({
          value: true,
          reason: 'DISABLED',
        }),
      );
    });
  });

  test('where it names an unknown variant: that is counted, the rules decide, and the pin goes on to those who know it', () => {
    payments.set({ fees: { variants: { yes: true }, defaultVariant: 'yes', metadata: { pin: true } } });
    runInLane('gray', () => {
      atOrders.getBooleanValueSync('fees', true);
      hop(() => {
        const before = counted('mispinned');
        expect(atPayments.getBooleanDetailsSync('fees', false)).toMatchObject({
          variant: 'yes',
          reason: 'STATIC',
        });
        expect(counted('mispinned') - before).toBe(1);
        orders.set({ fees: fees('on') });
        hop(() => expect(atOrders.getBooleanValueSync('fees', true)).toBe(false));
      });
    });
  });
});

describe('a pin comes in with the mark of its lane', () => {
  const signingKeys = [{ id: '2026-11', secret: 'shop '.repeat(7) }] as const;
  const verify = { mode: 'verify', signingKeys, audience: 'shop' } as const;
  const sign = { key: signingKeys[0], audience: 'shop' };
  const accept = { mode: 'accept', keys: ['lane'] } as const;

  beforeEach(() => payments.set({ fees: fees('on') }));

  test('and is honoured where ingress verifies, because it is signed', () => {
    expect(seen(verify, signed())).toEqual(['gray', 'off CACHED']);
  });

  test.each([
    ['was changed', (header: string) => header.replace('fees.off', 'fees.on')],
    ['is not signed', (header: string) => header.replace(/,pins-seal=[^,]*/, '')],
    [
      'was signed for another lane',
      (header: string) => laneOf('red') + header.slice(header.indexOf(',pins=')),
    ],
  ])('and is refused where ingress verifies and it %s; the lane is not', (_case, forge) => {
    const header = forge(signed());
    expect(header).toContain('pins=fees.');
    const before = counted('forged');
    expect(seen(verify, header)).toEqual([expect.stringMatching(/gray|red/), 'on STATIC']);
    expect(counted('forged') - before).toBe(1);
  });

  test('and falls where that has expired', () => {
    const before = counted('expired');
    expect(seen(accept, 'lane=gray,lane-seal=1.0.1700000000,pins=fees.off.1')).toEqual([
      'baseline',
      'on STATIC',
    ]);
    expect(counted('expired') - before).toBe(1);
    expect(seen(accept, 'lane=gray,lane-seal=1.0.99999999999,pins=fees.off.1')).toEqual([
      'gray',
      'off CACHED',
    ]);
  });

  test('and is stripped at the edge, with all other baggage of a client', () => {
    expect(seen({ mode: 'strip' }, 'lane=gray,pins=fees.off.1')).toEqual(['baseline', 'on STATIC']);
  });

  /** The baggage that a signing service sends after it has pinned the flag. */
  function signed(): string {
    return runInLane(
      'gray',
      () => {
        atOrders.getBooleanValueSync('fees', true);
        return outgoing() ?? '';
      },
      { sign },
    );
  }

  function laneOf(lane: string): string {
    return runInLane(lane, () => outgoing() ?? '', { sign });
  }

  function seen(ingress: IngressPolicy, baggage: string): unknown[] {
    return runInMessage({ headers: { baggage } }, { ingress }, () => {
      const { variant, reason } = atPayments.getBooleanDetailsSync('fees', false);
      return [getActiveLane(), `${variant} ${reason}`];
    });
  }
});

describe('nothing is pinned', () => {
  test('without a request cell, and that is counted', () => {
    const before = counted('unpinned');
    expect(atOrders.getBooleanValueSync('fees', true)).toBe(false);
    expect(counted('unpinned') - before).toBe(1);
  });

  test.each([
    ['an error', { variants, defaultVariant: 'nobody', metadata: { pin: true } }],
    ["the code's default", { variants, defaultVariant: null, metadata: { pin: true } }],
    ['a disabled flag', { variants, state: 'DISABLED', defaultVariant: 'on', metadata: { pin: true } }],
  ])('of %s', (_case, definition) => {
    orders.set({ fees: definition });
    runInLane('gray', () => {
      atOrders.getBooleanValueSync('fees', true);
      expect(getActiveCell()?.pins.size).toBe(0);
    });
  });
});

test.each([
  'fees',
  '',
  ' ',
  'a b',
  'grün',
  '旗',
  '🚩',
  'a/b:c',
  'a,b;c=d',
  '%41',
  '~41',
  '"',
  '\\',
  '__proto__',
  'constructor',
  'x'.repeat(400),
])('the key %j can be pinned, and the same as a variant', (key) => {
  const both = (defaultVariant: string): TestFlags =>
    JSON.parse(
      JSON.stringify({
        [key]: { variants: { [key]: 1, other: 2 }, defaultVariant, metadata: { pin: true } },
      }),
    ) as TestFlags;
  orders.replace(both(key));
  payments.replace(both('other'));
  runInLane('gray', () => {
    expect(atOrders.getNumberValueSync(key, 0)).toBe(1);
    hop(() =>
      expect(atPayments.getNumberDetailsSync(key, 0)).toMatchObject({
        value: 1,
        variant: key,
        reason: 'CACHED',
      }),
    );
  });
});

describe('the budget', () => {
  const many = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [`flag-${index}-${'x'.repeat(50)}`, fees('off')]),
  );

  test('of 2048 characters keeps the first pins and counts the others; the lane goes on', () => {
    orders.replace(many);
    payments.replace(Object.fromEntries(Object.keys(many).map((key) => [key, fees('on')])));
    runInLane('gray', () => {
      const before = counted('dropped');
      for (const key of Object.keys(many)) atOrders.getBooleanValueSync(key, true);
      const pins = getActiveCell()?.pins.size ?? 0;
      expect(pins).toBeGreaterThan(20);
      expect(counted('dropped') - before).toBe(60 - pins);
      expect(outgoing()?.length).toBeLessThan(2200);
      hop(() => {
        const values = Object.keys(many).map((key) => atPayments.getBooleanValueSync(key, true));
        expect(values.filter((value) => !value)).toHaveLength(pins);
        expect(getActiveCell()?.lane).toBe('gray');
      });
    });
  });

  test('yields to nothing but the lane: both go before members that fill the header', () => {
    orders.replace(many);
    runInLane(
      'gray',
      () => {
        for (const key of Object.keys(many)) atOrders.getBooleanValueSync(key, true);
        const members = outgoing()
          ?.split(',')
          .map((member) => member.slice(0, member.indexOf('=')));
        expect(members).toEqual(['lane', 'pins']);
      },
      { members: { tenant: 'x'.repeat(7000) } },
    );
  });
});

describe('pin(keys) at an ancestor', () => {
  beforeEach(async () => {
    await OpenFeature.setProviderAndWait(orders);
  });

  test('makes siblings agree that would not', () => {
    const siblings = (): boolean[] =>
      ['off', 'on'].map((rule) => {
        orders.set({ fees: fees(rule) });
        return hop(() => atOrders.getBooleanValueSync('fees', false));
      });
    expect(runInLane('gray', siblings)).toEqual([false, true]);
    expect(
      runInLane('gray', () => {
        orders.set({ fees: fees('off') });
        expect(pin(['fees'])).toEqual(['fees']);
        return siblings();
      }),
    ).toEqual([false, false]);
  });

  test('decides with the evaluation context that it is given, over that of the API, and with the baggage', () => {
    const rule = {
      '==': [{ cat: [{ var: 'lane' }, { var: 'targetingKey' }, { var: 'plan' }] }, 'grayadapro'],
    };
    orders.set({ fees: { ...fees('off'), targeting: { if: [rule, 'on'] } } });
    OpenFeature.setContext({ plan: 'free' });
    try {
      inLane('gray', { targetingKey: 'ada' }, () => {
        pin(['fees'], { plan: 'pro' });
        expect(getActiveCell()?.pins.get('fees')?.variant).toBe('on');
      });
    } finally {
      OpenFeature.setContext({});
    }
  });

  test('returns the pinned flags: those that exist, are enabled and have pin: true', () => {
    orders.replace({ fees: fees('off'), plain: true, off: { ...fees('on'), state: 'DISABLED' } });
    runInLane('gray', () => {
      expect(pin(['fees', 'plain', 'off', 'nobody'])).toEqual(['fees']);
      expect(pin(['fees'])).toEqual(['fees']);
    });
  });

  test('outside of a request, or with a provider that cannot, pins nothing and is counted', async () => {
    const before = counted('unpinned');
    expect(pin(['fees'])).toEqual([]);
    expect(counted('unpinned') - before).toBe(1);
    const foreign = { metadata: { name: 'vendor' } } as Provider;
    await OpenFeature.setProviderAndWait('foreign', foreign);
    expect(runInLane('gray', () => pin(['fees', 'more'], {}, { domain: 'foreign' }))).toEqual([]);
    expect(counted('unpinned') - before).toBe(3);
  });

  test('takes a text as one key', () => {
    runInLane('gray', () => expect(pin('fees')).toEqual(['fees']));
  });

  const hostile = {
    get plan(): string {
      throw new Error('no plan');
    },
  };
  const strange: [string, unknown[], string[], number][] = [
    ['nothing', [undefined], [], 1],
    ['null', [null], [], 1],
    ['a number', [7], [], 1],
    ['an object', [{ length: 1 }], [], 1],
    ['keys that are none', [['fees', Symbol('fees'), null]], ['fees'], 2],
    ['a context that throws', [['fees', 'more'], hostile], [], 2],
    ['a context that is null', [['fees'], null], ['fees'], 0],
    ['options that are null', [['fees'], {}, null], [], 1],
  ];
  test.each(strange)('never throws, given %s: what is not pinned is counted', (_case, given, pinned, by) => {
    const before = counted('unpinned');
    const call = pin as (...given: unknown[]) => unknown;
    expect(runInLane('gray', () => call(...given))).toEqual(pinned);
    expect(counted('unpinned') - before).toBe(by);
  });

  test('works in a middleware of express', async () => {
    const app = express();
    app.use(baggageMiddleware({ ingress: { mode: 'strip' } }));
    app.use((_request, _response, next) => {
      pin(['fees']);
      next();
    });
    app.get('/', (_request, response) => void response.end(outgoing()));
    expect(await answerOf(app)).toContain('pins=fees.off.');
  });

  test('works in a plain listener', async () => {
    const listener = baggageListener({ ingress: { mode: 'strip' } }, (_request, response) => {
      pin(['fees']);
      response.end(outgoing());
    });
    expect(await answerOf(listener)).toContain('pins=fees.off.');
  });
});

/** Policies that name the lane need not name the pins. */
const everything = { to: { 'http://next': ['lane', 'targetingKey'] } };

/** The header that the active request sends on. */
function outgoing(): string | undefined {
  return emit(context.active(), everything, 'http://next');
}

/**
 * Runs a function in another service that the active request calls: what arrives there is the
 * header alone.
 */
function hop<T>(fn: () => T): T {
  const baggage = outgoing() ?? '';
  return runInMessage({ headers: { baggage } }, { ingress: { mode: 'accept', keys: ['lane'] } }, fn);
}

function counted(event: BaggageEvent): number {
  return baggageCounts()[event] ?? 0;
}

/** A test provider numbers its revisions. */
function revisionBefore(provider: TestProvider): string {
  return String(Number(provider.revision) - 1);
}

async function answerOf(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    return await (await fetch(`http://127.0.0.1:${port}/`)).text();
  } finally {
    server.close();
  }
}
