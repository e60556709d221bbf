import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { runInLane } from '@graylane/baggage';
import { context as otelContext, trace, type Span } from '@opentelemetry/api';
import { runInMessage } from '@graylane/baggage/kafka';
import { BaggageTransactionContextPropagator, GraylaneProvider, withBaggage } from '@graylane/provider';
import {
  ErrorCode,
  OpenFeature,
  ProviderEvents,
  ProviderStatus,
  type EvaluationContext,
  type Hook,
} from '@openfeature/server-sdk';
import { afterEach, describe, expect, test } from 'vitest';
import { failedStart } from '../../../test/support/failed-start.ts';

const document = {
  metadata: { flagSetId: 'shop' },
  flags: {
    fees: {
      state: 'ENABLED',
      variants: { on: true, off: false },
      defaultVariant: 'off',
      targeting: { if: [{ '==': [{ var: 'lane' }, 'gray'] }, 'on'] },
    },
    text: { state: 'ENABLED', variants: { a: 'A' }, defaultVariant: 'a' },
    number: { state: 'ENABLED', variants: { a: 1.5 }, defaultVariant: 'a' },
    object: { state: 'ENABLED', variants: { a: { nested: [1] } }, defaultVariant: 'a' },
    off: { state: 'DISABLED', variants: { a: 'A' }, defaultVariant: 'a' },
    open: { state: 'ENABLED', variants: { a: 'A' }, defaultVariant: null },
    broken: { state: 'ENABLED', variants: { a: 'A' }, targeting: { iff: [] } },
  },
};

afterEach(() => OpenFeature.close());

describe('under the OpenFeature SDK', () => {
  test('returns every type, with variant, reason and metadata', async () => {
    const client = await open({ source: { flags: document } });
    expect(await client.getStringDetails('text', 'x')).toEqual({
      flagKey: 'text',
      value: 'A',
      variant: 'a',
      reason: 'STATIC',
      flagMetadata: { flagSetId: 'shop' },
    });
    expect(await client.getNumberValue('number', 0)).toBe(1.5);
    expect(await client.getObjectValue('object', {})).toEqual({ nested: [1] });
    expect(await client.getBooleanValue('fees', true)).toBe(false);
  });

  test.each([
    ['nobody', ErrorCode.FLAG_NOT_FOUND],
    ['fees', ErrorCode.TYPE_MISMATCH],
    ['broken', ErrorCode.PARSE_ERROR],
  ])('returns the default for %s, with %s and the remedy', async (key, errorCode) => {
    const client = await open({ source: { flags: document } });
    const details = await client.getStringDetails(key, 'default');
    expect(details).toMatchObject({ value: 'default', reason: 'ERROR', errorCode });
    expect(details.errorMessage).toContain(key);
  });

  test.each([
    ['off', 'DISABLED'],
    ['open', 'DEFAULT'],
  ])("returns the code's default for %s, which is not an error", async (key, reason) => {
    const client = await open({ source: { flags: document } });
    const details = await client.getStringDetails(key, 'default');
    expect(details).toMatchObject({ value: 'default', reason });
    expect(details.errorCode).toBeUndefined();
  });

  test('obeys the lane of the active request, and an invocation may not forge it', async () => {
    const client = await open({ source: { flags: document } });
    expect(await runInLane('gray', () => client.getBooleanValue('fees', false))).toBe(true);
    expect(await client.getBooleanValue('fees', false, { lane: 'gray' })).toBe(false);
    expect(await runInLane('gray', () => client.getBooleanValue('fees', false, { lane: 'baseline' }))).toBe(
      true,
    );
  });
});

describe('the evaluation context', () => {
  const mapping = {
    lane: { authoritative: true },
    'user-id': { as: 'targetingKey' },
    age: { type: 'number' },
    beta: { type: 'boolean' },
    tenant: {},
    plan: { authoritative: true },
  } as const;
  const cases: [string, string, object, Record<string, unknown>][] = [
    ['nothing', '', {}, { lane: 'baseline' }],
    ['a member that is mapped', 'tenant=acme', {}, { lane: 'baseline', tenant: 'acme' }],
    ['a member that is not mapped', 'secret=1', {}, { lane: 'baseline' }],
    ['a member under another name', 'user-id=ada', {}, { lane: 'baseline', targetingKey: 'ada' }],
    ['a number', 'age=42', {}, { lane: 'baseline', age: 42 }],
    ['a number that is none', 'age=old', {}, { lane: 'baseline' }],
    ['an empty number', 'age=', {}, { lane: 'baseline' }],
    ['a boolean', 'beta=true', {}, { lane: 'baseline', beta: true }],
    ['a boolean that is none', 'beta=1', {}, { lane: 'baseline' }],
    ['application over baggage', 'tenant=acme', { tenant: 'own' }, { lane: 'baseline', tenant: 'own' }],
    [
      'an authoritative member over the application',
      'plan=pro',
      { plan: 'free' },
      { lane: 'baseline', plan: 'pro' },
    ],
    [
      'an absent authoritative member over the application',
      '',
      { plan: 'free', lane: 'gray' },
      { lane: 'baseline' },
    ],
    ['percent-encoding', 'tenant=%C3%A9', {}, { lane: 'baseline', tenant: 'é' }],
  ];

  test.each(cases)('with %s', async (_case, baggage, given, expected) => {
    const seen = await contextOf(baggage, given);
    expect(Object.fromEntries(Object.entries(seen).filter(([, value]) => value !== undefined))).toEqual(
      expected,
    );
  });

  test('takes __proto__ as an ordinary name', async () => {
    const given = JSON.parse('{"__proto__": {"admin": "yes"}}') as object;
    const seen = await contextOf('', given);
    expect(Object.hasOwn(seen, '__proto__')).toBe(true);
    expect((seen as { admin?: string }).admin).toBeUndefined();
  });

  /** The facts that rules see, returned by a rule for each name: the merge itself is private. */
  async function contextOf(baggage: string, given: object): Promise<object> {
    const { BaggageReader } = await import('../src/baggage/mapping.ts');
    const reader = new BaggageReader(mapping);
    const keys = ['lane', 'user-id', 'age', 'beta', 'tenant', 'plan', 'secret'];
    return runInMessage({ headers: { baggage } }, { ingress: { mode: 'accept', keys } }, () =>
      reader.merge(given as EvaluationContext, reader.activeCell()),
    );
  }
});

describe('a flags file', () => {
  test('is watched: edits change the values, broken ones leave them and make the provider stale', async () => {
    const folder = mkdtempSync(`${tmpdir()}/graylane-provider-`);
    const file = `${folder}/flags.json`;
    const write = (defaultVariant: string): void =>
      writeFileSync(file, JSON.stringify({ flags: { fees: { ...document.flags.fees, defaultVariant } } }));
    try {
      write('off');
      const client = await open({ source: { file } });
      const changes: unknown[] = [];
      const revisions: unknown[] = [];
      client.addHandler(ProviderEvents.ConfigurationChanged, (event) => {
        changes.push(event?.flagsChanged);
        revisions.push(event?.metadata?.['revision']);
      });
      expect(await client.getBooleanValue('fees', true)).toBe(false);
      write('on');
      await expect.poll(() => client.getBooleanValue('fees', false)).toBe(true);
      expect(changes).toEqual([['fees']]);
      expect(revisions).toEqual([OpenFeature.getProviderMetadata(client.metadata.domain)['revision']]);
      expect(revisions[0]).toMatch(/./);
      writeFileSync(file, '{"flags": ');
      await expect.poll(() => client.providerStatus).toBe(ProviderStatus.STALE);
      expect(await client.getBooleanValue('fees', false)).toBe(true);
      rmSync(file);
      write('off');
      await expect.poll(() => client.getBooleanValue('fees', true)).toBe(false);
      await expect.poll(() => client.providerStatus).toBe(ProviderStatus.READY);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('that is not there fails the start with its name', async () => {
    const source = { file: '/nowhere/flags.json' };
    const why = await failedStart((startTimeoutMs) => open({ source, startTimeoutMs }));
    expect(why.replace(/\d+ ms/, '100 ms')).toBe(
      "no flags after 100 ms: /nowhere/flags.json can't be read: ENOENT: no such file or directory. " +
        "Catch this to start on the code's defaults until there are flags, or set cacheFile, so that a start can use the last flags",
    );
  });

  test('without flags fails the start with the missing member, logged once', async () => {
    const folder = mkdtempSync(`${tmpdir()}/graylane-provider-`);
    const file = `${folder}/flags.json`;
    try {
      writeFileSync(file, '{}');
      const source = { file };
      const cacheFile = `${folder}/cache`;
      const why = await failedStart((startTimeoutMs) => open({ source, cacheFile, startTimeoutMs }));
      expect(why).toMatch(/ms: its flags can't be read: "flags" is .* until there are flags$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the life of a provider', () => {
  const rules = (defaultVariant: string): object => ({
    flags: { fees: { ...document.flags.fees, defaultVariant } },
  });

  test('serves several domains with one instance, and is open until the last one is closed', async () => {
    const provider = new GraylaneProvider({ source: { flags: document } });
    await OpenFeature.setProviderAndWait('one', provider);
    await OpenFeature.setProviderAndWait('two', provider);
    await OpenFeature.setProviderAndWait('one', new GraylaneProvider({ source: { flags: rules('on') } }));
    expect(await OpenFeature.getClient('one').getBooleanValue('fees', false)).toBe(true);
    expect(await OpenFeature.getClient('two').getBooleanValue('fees', true)).toBe(false);
    await OpenFeature.clearProviders();
  });

  test('may begin again after it was closed', async () => {
    const folder = mkdtempSync(`${tmpdir()}/graylane-provider-`);
    const file = `${folder}/flags.json`;
    try {
      const provider = new GraylaneProvider({ source: { file } });
      for (const variant of ['off', 'on']) {
        writeFileSync(file, JSON.stringify(rules(variant)));
        await OpenFeature.setProviderAndWait('again', provider);
        const details = await OpenFeature.getClient('again').getBooleanDetails('fees', false);
        expect(details.variant).toBe(variant);
        await OpenFeature.clearProviders();
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('instances in one process have nothing to do with each other', async () => {
    const one = new GraylaneProvider({ source: { flags: rules('on') }, baggage: { lane: {} } });
    const other = new GraylaneProvider({ source: { flags: rules('off') } });
    await OpenFeature.setProviderAndWait('one', one);
    await OpenFeature.setProviderAndWait('other', other);
    const answers = await runInLane('gray', () =>
      Promise.all(
        ['one', 'other'].map((domain) =>
          OpenFeature.getClient(domain).getBooleanValue('fees', false, { lane: 'baseline' }),
        ),
      ),
    );
    expect(answers).toEqual([true, true]);
    expect(await OpenFeature.getClient('other').getBooleanValue('fees', true)).toBe(false);
    await OpenFeature.clearProviders();
  });

  test('brings its own hooks, which run last before and first after', async () => {
    const calls: string[] = [];
    const hook = (name: string): Hook => ({
      before: () => void calls.push(`before ${name}`),
      after: () => void calls.push(`after ${name}`),
    });
    const client = await open({ source: { flags: document }, hooks: [hook('provider')] });
    await client.getBooleanValue('fees', false, {}, { hooks: [hook('invocation')] });
    expect(calls).toEqual(['before invocation', 'before provider', 'after provider', 'after invocation']);
  });

  test('makes a tracking event an event of the active span, without the evaluation context', async () => {
    const client = await open({ source: { flags: document } });
    const events: unknown[] = [];
    const span = { addEvent: (...event: unknown[]) => void events.push(event) } as unknown as Span;
    runInLane('gray', () =>
      otelContext.with(trace.setSpan(otelContext.active(), span), () =>
        client.track('paid', { targetingKey: 'ada' }, { value: 9.5, currency: 'EUR', nested: { a: 1 } }),
      ),
    );
    client.track('unseen');
    expect(events).toEqual([['paid', { value: 9.5, currency: 'EUR' }]]);
  });
});

test('a rule reaches deep into an evaluation context, and one that never ends is no trouble', async () => {
  const targeting = { if: [{ '==': [{ var: 'user.address.city' }, 'Wien'] }, 'on'] };
  const flags = { flags: { deep: { ...document.flags.fees, targeting } } };
  const client = await open({ source: { flags } });
  const user: Record<string, unknown> = { address: { city: 'Wien' } };
  user['self'] = user;
  let deep: object = {};
  for (let depth = 0; depth < 20_000; depth += 1) deep = { deep };
  const given = { user, deep } as unknown as EvaluationContext;
  expect(await client.getBooleanValue('deep', false, given)).toBe(true);
});

test.each([
  [{ url: 'flags:8080' }, 'flags:8080'],
  [{ url: 'ftp://flags' }, 'ftp://flags'],
  [{ url: 'http://me:secret@flags:8080' }, 'use source.token'],
  [{ url: 'http://flags:8080', token: 'secret\n' }, 'source.token'],
  [
    { url: 'http://flags:8080', env: 'prod' },
    'source has no option "env": its options are url, token, environment',
  ],
  [{}, 'source is {}: give it { url }, { file } or { flags }'],
  [{ uri: 'http://flags:8080' }, 'source is {uri}: give it { url }'],
  [undefined, 'source is undefined: give it { url }'],
  [null, 'source is null: give it { url }'],
  ['http://me:secret@flags:8080', 'source is a string: give it { url }'],
  [
    { flags: { fees: document.flags.fees } },
    /^source.flags can't be read: "flags" is .*\. flags is a whole flagd document: \{ flags: \{ … } }$/,
  ],
])('the source %j is refused at once', (source, words) => {
  const construct = (): unknown => new GraylaneProvider({ source: source as { url: string } });
  expect(construct).toThrow(TypeError);
  expect(construct).toThrow(words);
});

test('a flags file may begin with a byte-order mark', async () => {
  const folder = mkdtempSync(`${tmpdir()}/graylane-`);
  try {
    writeFileSync(`${folder}/flags.json`, `\uFEFF${JSON.stringify(document)}`);
    const client = await open({ source: { file: `${folder}/flags.json` } });
    expect(await client.getStringValue('text', '')).toBe('A');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an option that is none is refused at once, with those that there are', () => {
  const options = { source: { flags: document }, cachefile: 'flags.cache' };
  expect(() => new GraylaneProvider(options)).toThrow(
    new TypeError(
      'GraylaneProvider has no option "cachefile": its options are source, baggage, trustBaggage, cacheFile, startTimeoutMs, usage, hooks, logger',
    ),
  );
  const nothing = undefined as unknown as typeof options;
  expect(() => new GraylaneProvider(nothing)).toThrow('source is undefined');
});

test.each<[object, string]>([
  [{ trustBaggage: 'false' }, 'baggage: "trustBaggage" must be of the type boolean, got a value of the type'],
  [{ startTimeoutMs: -1 }, '"startTimeoutMs" must be of the type positive number, got the number -1'],
  [{ startTimeoutMs: Number.NaN }, 'got the number NaN'],
  [{ startTimeoutMs: '10000' }, '"startTimeoutMs" must be of the type positive number'],
  [{ logger: () => {} }, '"logger" must be of the type object'],
  [{ hooks: {} }, '"hooks" must be of the type array'],
  [{ cacheFile: 7 }, '"cacheFile" must be of the type string'],
  [{ baggage: ['lane'] }, '"baggage" must be of the type object, got a value of the type array'],
  [{ baggage: { lane: 'lane' } }, 'baggage mapping: "lane" must be of the type object'],
  [
    { baggage: { lane: { authoritive: true } } },
    'has no option "authoritive": its options are as, type, authoritative',
  ],
  [{ baggage: { lane: { authoritative: 'true' } } }, '"authoritative" must be of the type boolean'],
  [{ baggage: { lane: { as: 7 } } }, '"as" must be of the type string'],
  [{ baggage: { lane: { type: 'int' } } }, 'use string, number or boolean'],
])('the option %j is refused at once', (options, words) => {
  const construct = (): unknown => new GraylaneProvider({ source: { flags: document }, ...options });
  expect(construct).toThrow(TypeError);
  expect(construct).toThrow(words);
});

test('an unknown option of withBaggage or of the transaction propagator is refused at once', () => {
  const typo = { trustBagage: true } as object;
  const vendor = new GraylaneProvider({ source: { flags: document } });
  const words = 'has no option "trustBagage": its options are trustBaggage';
  expect(() => withBaggage(vendor, undefined, typo)).toThrow(words);
  expect(() => new BaggageTransactionContextPropagator(undefined, typo)).toThrow(words);
});

async function open(options: ConstructorParameters<typeof GraylaneProvider>[0]) {
  await OpenFeature.setProviderAndWait('graylane', new GraylaneProvider(options));
  return OpenFeature.getClient('graylane');
}
