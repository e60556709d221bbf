import {
  BaggageTransactionContextPropagator,
  getSyncClient,
  GraylaneProvider,
  withBaggage,
  type BaggageMapping,
} from '@graylane/provider';
import { runInMessage } from '@graylane/baggage/kafka';
import {
  InMemoryProvider,
  NOOP_TRANSACTION_CONTEXT_PROPAGATOR,
  OpenFeature,
  AsyncLocalStorageTransactionContextPropagator,
  type EvaluationContext,
  type Hook,
} from '@openfeature/server-sdk';
import { afterEach, describe, expect, test } from 'vitest';

/** The levels that set the fact, from the weakest to the strongest. */
type Level = 'baggage' | 'api' | 'transaction' | 'client' | 'invocation' | 'hook';

const levels: readonly Level[] = ['baggage', 'api', 'transaction', 'client', 'invocation', 'hook'];
const names: readonly string[] = [...levels, 'baseline', 'absent'];
/** A flag whose variant is what the rule saw: `fact` of one, `lane` of the other. */
const telling = (name: string): object => ({
  state: 'ENABLED',
  variants: Object.fromEntries(names.map((value) => [value, value])),
  defaultVariant: 'absent',
  targeting: { if: [{ in: [{ var: name }, names] }, { var: name }, null] },
});
const flags = { flags: { fact: telling('fact'), lane: telling('lane') } };
/** Another vendor's provider, which does not read baggage and evaluates asynchronously. */
const vendor = (): InMemoryProvider =>
  new InMemoryProvider(
    Object.fromEntries(
      ['fact', 'lane'].map((name) => [
        name,
        {
          disabled: false,
          variants: Object.fromEntries(names.map((value) => [value, value])),
          defaultVariant: 'absent',
          contextEvaluator: (context: EvaluationContext) =>
            names.includes(String(context[name])) ? String(context[name]) : 'absent',
        },
      ]),
    ),
  );

afterEach(async () => {
  OpenFeature.clearHooks().setContext({});
  OpenFeature.setTransactionContextPropagator(NOOP_TRANSACTION_CONTEXT_PROPAGATOR);
  await OpenFeature.clearProviders();
});

const ordinary: BaggageMapping = { fact: {}, lane: {} };
const strict: BaggageMapping = { fact: { authoritative: true }, lane: { authoritative: true } };

/**
 * The levels, each with the winner against all before it; an authoritative member overrides all of
 * them.
 */
const ways = [
  {
    name: 'GraylaneProvider, ordinary',
    install: () =>
      OpenFeature.setProviderAndWait('way', new GraylaneProvider({ source: { flags }, baggage: ordinary })),
    order: ['baggage', 'api', 'transaction', 'client', 'invocation', 'hook'],
  },
  {
    name: 'GraylaneProvider, authoritative',
    install: () =>
      OpenFeature.setProviderAndWait('way', new GraylaneProvider({ source: { flags }, baggage: strict })),
    order: ['baggage'],
    beneath: ['api', 'transaction', 'client', 'invocation', 'hook'],
  },
  {
    name: 'withBaggage, ordinary',
    install: () => OpenFeature.setProviderAndWait('way', withBaggage(vendor(), ordinary)),
    order: ['baggage', 'api', 'transaction', 'client', 'invocation', 'hook'],
  },
  {
    name: 'withBaggage, authoritative',
    install: () => OpenFeature.setProviderAndWait('way', withBaggage(vendor(), strict)),
    order: ['baggage'],
    beneath: ['api', 'transaction', 'client', 'invocation', 'hook'],
  },
  {
    name: 'BaggageTransactionContextPropagator',
    install: async () => {
      await OpenFeature.setProviderAndWait('way', vendor());
      OpenFeature.setTransactionContextPropagator(new BaggageTransactionContextPropagator(ordinary));
    },
    order: ['api', 'baggage', 'transaction', 'client', 'invocation', 'hook'],
  },
] as const satisfies Way[];

interface Way {
  readonly name: string;
  readonly install: () => Promise<unknown>;
  readonly order: readonly Level[];
  readonly beneath?: readonly Level[];
}

describe.each<Way>(ways)('with $name', ({ install, order, beneath = [] }) => {
  test.each(order.map((winner, index) => ({ winner, others: [...beneath, ...order.slice(0, index)] })))(
    '$winner wins against $others',
    async ({ winner, others }) => {
      await install();
      for (const client of [OpenFeature.getClient('way'), getSyncClient('way')]) {
        expect(await ask(client, 'fact', [...others, winner])).toBe(winner);
      }
    },
  );

  test('no baggage makes absent facts, but the lane baseline', async () => {
    await install();
    expect(await ask(OpenFeature.getClient('way'), 'fact', [])).toBe('absent');
    expect(await ask(OpenFeature.getClient('way'), 'lane', [])).toBe('baseline');
  });
});

test('an authoritative member overrides by its absence too', async () => {
  await ways[1].install();
  expect(await ask(OpenFeature.getClient('way'), 'fact', ['invocation'])).toBe('absent');
  expect(await ask(OpenFeature.getClient('way'), 'lane', ['invocation'])).toBe('baseline');
});

test('the default mapping brings the lane alone, and an invocation may forge nothing', async () => {
  await OpenFeature.setProviderAndWait('way', withBaggage(vendor()));
  const client = OpenFeature.getClient('way');
  expect(await ask(client, 'lane', ['baggage', 'invocation'])).toBe('baggage');
  expect(await ask(client, 'fact', ['baggage'])).toBe('absent');
  await OpenFeature.setProviderAndWait('way', vendor());
  OpenFeature.setTransactionContextPropagator(new BaggageTransactionContextPropagator());
  expect(await ask(client, 'lane', ['baggage'])).toBe('baggage');
  expect(await ask(client, 'fact', ['baggage'])).toBe('absent');
});

describe('BaggageTransactionContextPropagator', () => {
  test('refuses an authoritative member, with the remedy', () => {
    expect(
      () => new BaggageTransactionContextPropagator({ tenant: {}, lane: { authoritative: true } }),
    ).toThrow(/"lane" can't be authoritative.*use withBaggage or GraylaneProvider/);
  });

  test('keeps what was set outside, and returns what the callback returns', () => {
    const propagator = new BaggageTransactionContextPropagator();
    const seen = propagator.setTransactionContext({ ip: '::1', user: 'a' }, () =>
      propagator.setTransactionContext({ user: 'b' }, () => propagator.getTransactionContext()),
    );
    expect(seen).toEqual({ ip: '::1', user: 'b', lane: 'baseline' });
    expect(propagator.setTransactionContext({}, (one: number, two: number) => one + two, 1, 2)).toBe(3);
  });
});

/** Evaluates a flag while each of the given levels sets the fact to its own name. */
async function ask(
  client: {
    getStringValue: ReturnType<typeof OpenFeature.getClient>['getStringValue'];
    setContext(c: EvaluationContext): unknown;
  },
  name: string,
  said: readonly Level[],
): Promise<string> {
  const at = (level: Level): EvaluationContext => (said.includes(level) ? { [name]: level } : {});
  OpenFeature.setContext(at('api'));
  client.setContext(at('client'));
  const hooks: Hook[] = said.includes('hook') ? [{ before: () => at('hook') }] : [];
  const headers = said.includes('baggage') ? { baggage: `${name}=baggage` } : {};
  const ingress = { mode: 'accept' as const, keys: ['fact', 'lane'] };
  const inTransaction = async (fn: () => Promise<string>): Promise<string> => {
    if (!said.includes('transaction')) return fn();
    if (OpenFeature.getTransactionContext()['lane'] === undefined) {
      OpenFeature.setTransactionContextPropagator(new AsyncLocalStorageTransactionContextPropagator());
    }
    return new Promise((resolve, reject) => {
      OpenFeature.setTransactionContext(at('transaction'), () => void fn().then(resolve, reject));
    });
  };
  return runInMessage({ headers }, { ingress }, () =>
    inTransaction(() => client.getStringValue(name, 'default', at('invocation'), { hooks })),
  );
}
