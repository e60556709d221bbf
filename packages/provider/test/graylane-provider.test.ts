import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { runInLane } from '@graylane/baggage';
import { runInMessage } from '@graylane/baggage/kafka';
import { GraylaneProvider } from '@graylane/provider';
import {
  ErrorCode,
  OpenFeature,
  ProviderEvents,
  ProviderStatus,
  type EvaluationContext,
} from '@openfeature/server-sdk';
import { afterEach, describe, expect, test } from 'vitest';

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
  test('answers every type, with variant, reason and metadata', async () => {
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
  ])('answers the default for %s, with %s and words that help', async (key, errorCode) => {
    const client = await open({ source: { flags: document } });
    const details = await client.getStringDetails(key, 'default');
    expect(details).toMatchObject({ value: 'default', reason: 'ERROR', errorCode });
    expect(details.errorMessage).toContain(key);
  });

  test.each([
    ['off', 'DISABLED'],
    ['open', 'DEFAULT'],
  ])("answers the code's default for %s, which is no error", async (key, reason) => {
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

  /** What rules see, told by a rule for each name: the merge itself is private. */
  async function contextOf(baggage: string, given: object): Promise<object> {
    const { BaggageReader } = await import('../src/baggage-mapping.ts');
    const reader = new BaggageReader(mapping);
    const keys = ['lane', 'user-id', 'age', 'beta', 'tenant', 'plan', 'secret'];
    return runInMessage({ headers: { baggage } }, { ingress: { mode: 'accept', keys } }, () =>
      reader.merge(given as EvaluationContext),
    );
  }
});

describe('a flags file', () => {
  test('is watched: edits change the answers, broken ones leave them and make the provider stale', async () => {
    const folder = mkdtempSync(`${tmpdir()}/graylane-provider-`);
    const file = `${folder}/flags.json`;
    const write = (defaultVariant: string): void =>
      writeFileSync(file, JSON.stringify({ flags: { fees: { ...document.flags.fees, defaultVariant } } }));
    try {
      write('off');
      const client = await open({ source: { file } });
      const changes: unknown[] = [];
      client.addHandler(ProviderEvents.ConfigurationChanged, (event) => changes.push(event?.flagsChanged));
      expect(await client.getBooleanValue('fees', true)).toBe(false);
      write('on');
      await expect.poll(() => client.getBooleanValue('fees', false)).toBe(true);
      expect(changes).toEqual([['fees']]);
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
    const provider = new GraylaneProvider({ source: { file: '/nowhere/flags.json' }, startTimeoutMs: 100 });
    await expect(OpenFeature.setProviderAndWait('graylane', provider)).rejects.toThrow('/nowhere/flags.json');
  });
});

test.each([
  [{ url: 'flags:8080' }, 'flags:8080'],
  [{ url: 'ftp://flags' }, 'ftp://flags'],
  [{}, 'source'],
])('the source %j is refused at once', (source, words) => {
  expect(() => new GraylaneProvider({ source: source as { url: string } })).toThrow(words);
});

async function open(options: ConstructorParameters<typeof GraylaneProvider>[0]) {
  await OpenFeature.setProviderAndWait('graylane', new GraylaneProvider(options));
  return OpenFeature.getClient('graylane');
}
