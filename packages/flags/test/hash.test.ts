import { cdeEncodeOptions, encode } from 'cbor2';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeCbor } from '../src/hash/cbor.ts';
import { murmur3, murmur3Bytes, murmur3Prefix } from '../src/hash/murmur3.ts';
import { compileFlags, evaluate } from '../src/index.ts';

describe('murmur3 (x86, 32 bits, seed 0)', () => {
  test.each([
    ['', 0],
    ['a', 0x3c2569b2],
    ['hello', 0x248bfa47],
    ['hello, world', 0x149bbb7f],
    ['The quick brown fox jumps over the lazy dog', 0x2e4ff723],
    // As the Go library that flagd uses (github.com/twmb/murmur3) has them.
    ['zoë', 3_500_877_143],
    ['灰度', 289_929_606],
    ['🚦', 380_944_004],
    ['a灰b', 1_873_217_405],
    ['rolloutmüller@example.com', 2_373_024_827],
  ])('of %j is %i', (text, hash) => {
    expect(murmur3(text) >>> 0).toBe(hash);
  });

  test('is that of the UTF-8 bytes, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(murmur3(text)).toBe(murmur3Bytes(new TextEncoder().encode(text)));
      }),
    );
    for (const text of ['\ud800', 'a\udc00b', '\ud800\ud800', 'é', '灰', '🚦']) {
      expect(murmur3(text)).toBe(murmur3Bytes(new TextEncoder().encode(text)));
    }
  });

  test('goes on where a prefix ended', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (one, other) => {
        expect(murmur3(other, murmur3Prefix(one))).toBe(murmur3(one + other));
      }),
    );
  });
});

describe('deterministic CBOR', () => {
  test('is that of a CBOR library, for any JSON value', () => {
    // Whole numbers over 2^53 are below.
    const value = fc.jsonValue({ maxDepth: 4 }).filter((json) => !/\d{16}/.test(JSON.stringify(json)));
    const check = fc.property(value, (json) => {
      // JSON has no -0: to flagd it is 0, and so it is here.
      const library = encode(JSON.parse(JSON.stringify(json)), cdeEncodeOptions);
      expect(hex(encodeCbor(json))).toBe(hex(library));
    });
    fc.assert(check, { numRuns: 2000 });
  });

  test('of numbers of every size is that of the library', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true }),
      fc.float({ noNaN: true }),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.constantFrom(
        -0,
        0,
        23,
        24,
        255,
        256,
        65_535,
        65_536,
        2 ** 32 - 1,
        2 ** 32,
        2 ** 53,
        -(2 ** 53),
        65_504,
        5.960464477539063e-8,
        1.1,
        Infinity,
        -Infinity,
      ),
    );
    // The rules of the hash make integers of all whole numbers from -2^63 to 2^64-1; the library
    // leaves those over 2^53 as floats.
    const comparable = number.filter((value) => !Number.isInteger(value) || Number.isSafeInteger(value));
    fc.assert(
      fc.property(comparable, (value) => {
        expect(hex(encodeCbor(value))).toBe(hex(encode(Object.is(value, -0) ? 0 : value, cdeEncodeOptions)));
      }),
      { numRuns: 2000 },
    );
    expect(hex(encodeCbor(-0))).toBe('00');
    expect(hex(encodeCbor(2 ** 60))).toBe(hex(encode(2n ** 60n, cdeEncodeOptions)));
    expect(hex(encodeCbor(-(2 ** 63)))).toBe(hex(encode(-(2n ** 63n), cdeEncodeOptions)));
    expect(hex(encodeCbor(2 ** 64))).toBe(hex(encode(2 ** 64, cdeEncodeOptions)));
  });
});

describe('fractional', () => {
  const buckets = Array.from({ length: 16 }, (_, index) => [`b${index}`, 1]);
  const variants = Object.fromEntries(buckets.map(([name], index) => [String(name), index]));
  const flags = (rule: unknown[], metadata = {}): ReturnType<typeof compileFlags> =>
    compileFlags({
      metadata,
      flags: {
        rollout: { state: 'ENABLED', variants, defaultVariant: 'b0', targeting: { fractional: rule } },
      },
    });

  test.each(['ada', 'zoë', '灰度', '🚦', 'müller@example.com'])(
    'puts %s where the hash of its UTF-8 bytes points',
    (user) => {
      const bytes = new TextEncoder().encode(`rollout${user}`);
      const expected = bucketOf(murmur3Bytes(bytes), 16);
      expect(evaluate(flags(buckets), 'rollout', { targetingKey: user }).value).toBe(expected);
    },
  );

  test('v3 hashes the CBOR of whatever the key is, and of flag and subject without one', () => {
    const v3 = { fractionalHash: 'v3' };
    const keyed = flags([{ var: 'key' }, ...buckets], v3);
    for (const key of ['a', 7, true, 1.5, { b: 1, a: [null] }]) {
      const expected = bucketOf(murmur3Bytes(encode(key, cdeEncodeOptions)), 16);
      expect(evaluate(keyed, 'rollout', { key }).value).toBe(expected);
    }
    expect(evaluate(keyed, 'rollout', { key: null }).reason).toBe('DEFAULT');
    const subject = bucketOf(murmur3Bytes(encode(['rollout', 'ada'], cdeEncodeOptions)), 16);
    expect(evaluate(flags(buckets, v3), 'rollout', { targetingKey: 'ada' }).value).toBe(subject);
    expect(evaluate(flags(buckets, v3), 'rollout', { targetingKey: 7 }).reason).toBe('DEFAULT');
  });

  test('spreads 100,000 subjects by the weights', () => {
    const rollout = flags([
      ['b1', 5],
      ['b2', 95],
    ]);
    let hits = 0;
    for (let user = 0; user < 100_000; user += 1) {
      if (evaluate(rollout, 'rollout', { targetingKey: `user-${user}` }).value === 1) hits += 1;
    }
    expect(hits).toBeGreaterThan(4700);
    expect(hits).toBeLessThan(5300);
  });

  test('stays exact up to the greatest total', () => {
    const total = 2_147_483_647;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: total }), fc.string(), (weight, targetingKey) => {
        const rollout = flags([
          ['b1', weight],
          ['b2', total - weight],
        ]);
        const point = bucketOf(murmur3(`rollout${targetingKey}`), total);
        expect(evaluate(rollout, 'rollout', { targetingKey }).value).toBe(point < weight ? 1 : 2);
      }),
    );
    expect(
      evaluate(
        flags([
          ['b1', total],
          ['b2', 1],
        ]),
        'rollout',
        { targetingKey: 'ada' },
      ).reason,
    ).toBe('DEFAULT');
  });
});

/** Where flagd puts a hash among so many equal buckets. */
function bucketOf(hash: number, total: number): number {
  return Number((BigInt(hash >>> 0) * BigInt(total)) >> 32n);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

describe('version 1 of the hash of fractional', () => {
  const flag = { state: 'ENABLED', variants: { a: 'a', b: 'b', c: 'c', d: 'd' }, defaultVariant: 'd' };
  const flagsOf = (fractional: object): ReturnType<typeof compileFlags> =>
    compileFlags({
      metadata: { fractionalHash: 'v1' },
      flags: { f: { ...flag, targeting: { fractional } } },
    });

  // As Java's flagd provider 0.11.15 has them; test/conformance compares 5,000.
  const asInJava = [
    ['keyed', 'zoë-李0', 'c'],
    ['seeded', 'user-1', 'a'],
    ['keyed', 'user-2', 'b'],
    ['seeded', 'user-3', 'c'],
    ['keyed', 'user-4', 'c'],
    ['seeded', 'user-5', 'b'],
    ['keyed', 'user-6', 'c'],
    ['seeded', 'user-7', 'c'],
    ['keyed', 'user-8', 'a'],
    ['seeded', 'user-9', 'a'],
    ['keyed', 'zoë-李10', 'c'],
    ['seeded', 'user-11', 'c'],
    ['keyed', 'user-12', 'c'],
    ['seeded', 'user-13', 'c'],
    ['keyed', 'user-14', 'b'],
    ['seeded', 'user-15', 'b'],
    ['keyed', 'user-16', 'c'],
    ['seeded', 'user-17', 'b'],
    ['keyed', 'user-18', 'c'],
    ['seeded', 'user-19', 'b'],
    ['keyed', 'zoë-李20', 'c'],
    ['seeded', 'user-21', 'a'],
    ['keyed', 'user-22', 'c'],
    ['seeded', 'user-23', 'a'],
    ['keyed', 'user-24', 'b'],
    ['seeded', 'user-25', 'b'],
    ['keyed', 'user-26', 'b'],
    ['seeded', 'user-27', 'b'],
    ['keyed', 'user-28', 'a'],
    ['seeded', 'user-29', 'b'],
    ['keyed', 'zoë-李30', 'c'],
    ['seeded', 'user-31', 'c'],
    ['keyed', 'user-32', 'c'],
    ['seeded', 'user-33', 'a'],
    ['keyed', 'user-34', 'b'],
    ['seeded', 'user-35', 'a'],
    ['keyed', 'user-36', 'b'],
    ['seeded', 'user-37', 'c'],
    ['keyed', 'user-38', 'c'],
    ['seeded', 'user-39', 'c'],
  ] as const;
  const rules = {
    seeded: [
      ['a', 1],
      ['b', 1],
      ['c', 1],
    ],
    keyed: [{ var: 'targetingKey' }, ['a', 5], ['b', 25], ['c', 70]],
  };

  test.each(['written out', 'made by rules'])('has the buckets of Java, %s', (how) => {
    const weight = (entry: unknown): unknown =>
      how !== 'written out' && Array.isArray(entry) ? [entry[0], { '+': [entry[1], 0] }] : entry;
    const flags = compileFlags({
      metadata: { fractionalHash: 'v1' },
      flags: Object.fromEntries(
        Object.entries(rules).map(([key, list]) => [
          key,
          { ...flag, targeting: { fractional: list.map(weight) } },
        ]),
      ),
    });
    for (const [key, targetingKey, variant] of asInJava)
      expect(`${targetingKey} ${evaluate(flags, key, { targetingKey }).variant}`).toBe(
        `${targetingKey} ${variant}`,
      );
  });

  test('is null with a key that is not a string, or with one bucket alone', () => {
    const context = { targetingKey: 'ada', number: 7 };
    for (const rule of [
      [{ var: 'number' }, ['a', 1], ['b', 1]],
      [{ var: 'absent' }, ['a', 1], ['b', 1]],
      [['a', 1]],
    ])
      expect(evaluate(flagsOf(rule), 'f', context)).toMatchObject({ variant: 'd', reason: 'DEFAULT' });
  });
});
