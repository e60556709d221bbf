import { Ajv } from 'ajv';
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { describeWith } from '../../../test/components/components.ts';
import { conformanceData, conformancePath, readConformance } from '../../../test/components/conformance.ts';
import { checkDyeRules, checkFlags } from '../src/index.ts';

const schemas = 'flagd-schemas/json';

/** A document whose only flag has the given parts, over ones that are right. */
function withFlag(parts: object): { flags: { checkout: object } } {
  return {
    flags: {
      checkout: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', ...parts },
    },
  };
}

describe('checkFlags', () => {
  test.each<[string, unknown, string, RegExp]>([
    ['text that is no JSON', '{\n  "flags": {oops}\n}', '$', /line 2, column 13/],
    ['an array for a document', [], '$', /an array of 0/],
    ['no flags', {}, '$.flags', /no "flags"/],
    ['a flag that is a text', { flags: { a: 'on' } }, '$.flags.a', /is "on"/],
    ['an unknown state', withFlag({ state: 'ON' }), '$.flags.checkout.state', /the state "ON"/],
    [
      'no variants',
      withFlag({ variants: {}, defaultVariant: null }),
      '$.flags.checkout.variants',
      /no variants/,
    ],
    [
      'variants of two types',
      withFlag({ variants: { on: true, off: 'no' } }),
      '$.flags.checkout.variants.off',
      /is a string.*is a boolean/,
    ],
    [
      'a list for a variant',
      withFlag({ variants: { on: true, off: [2] } }),
      '$.flags.checkout.variants.off',
      /an array of 1/,
    ],
    [
      'an unknown default',
      withFlag({ defaultVariant: 'blue' }),
      '$.flags.checkout.defaultVariant',
      /defaults to "blue", but its variants are "on", "off"/,
    ],
    ['nested metadata', withFlag({ metadata: { a: {} } }), '$.flags.checkout.metadata.a', /metadata "a"/],
    [
      'a pin that is none',
      withFlag({ metadata: { pin: 'true' } }),
      '$.flags.checkout.metadata.pin',
      /metadata "pin" is "true"/,
    ],
    [
      'a pin of the set that is none',
      { ...withFlag({ metadata: { pin: false } }), metadata: { pin: 1 } },
      '$.metadata.pin',
      /metadata "pin" is 1/,
    ],
    [
      'an unknown operator',
      withFlag({ targeting: { equals: [1, 2] } }),
      '$.flags.checkout.targeting.equals',
      /no operator "equals"/,
    ],
    [
      'two operators',
      withFlag({ targeting: { '==': [1, 2], '!=': [1, 2] } }),
      '$.flags.checkout.targeting',
      /"==", "!="/,
    ],
    [
      'an operand too many',
      withFlag({ targeting: { '==': [1, 2, 3] } }),
      '$.flags.checkout.targeting["=="]',
      /takes 2 operands, got 3/,
    ],
    [
      'an unknown evaluator',
      withFlag({ targeting: { $ref: 'nobody' } }),
      '$.flags.checkout.targeting.$ref',
      /no evaluator "nobody"/,
    ],
    [
      'a fraction for a weight',
      withFlag({ targeting: { fractional: [['on', 0.5]] } }),
      '$.flags.checkout.targeting.fractional[0][1]',
      /weight is 0.5/,
    ],
    [
      'a key that two flags of a list have',
      { flags: [1, 2].map(() => ({ key: 'a', ...withFlag({}).flags.checkout })) },
      '$.flags[1].key',
      /has the key "a", too/,
    ],
    [
      'an unknown hash',
      { ...withFlag({}), metadata: { fractionalHash: 'v4' } },
      '$.metadata.fractionalHash',
      /"fractionalHash" is "v4"/,
    ],
    ['a rule that never ends', withFlag({ targeting: nest(5000) }), '', /nested deeper than 100/],
  ])('has the place of %s, and the remedy', (_fault, document, path, message) => {
    const problems = checkFlags(document);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toMatch(message);
    expect(problems[0]?.remedy).not.toBe('');
    if (path !== '') expect(problems[0]?.path).toBe(path);
  });

  test('finds nothing wrong with what is right, in either form', () => {
    expect(checkFlags(withFlag({}))).toEqual([]);
    expect(checkFlags(JSON.stringify(withFlag({ defaultVariant: null, targeting: {} })))).toEqual([]);
    expect(checkFlags({ flags: [{ key: 'a', state: 'DISABLED', variants: { x: 1 } }] })).toEqual([]);
  });
});

describe('checkDyeRules', () => {
  const lanes = (...values: unknown[]): object => ({
    flags: {
      lane: {
        state: 'ENABLED',
        variants: Object.fromEntries(values.map((lane, index) => [`v${index}`, lane])),
      },
    },
  });

  test.each([
    ['a space and capitals', 'Team A'],
    ['another script', '灰度'],
    ['a dot', 'a.b'],
    ['a hyphen at its end', 'gray-'],
    ['64 characters', 'x'.repeat(64)],
    ['no characters', ''],
    ['another type', true],
    ['a reserved name', 'other'],
    ['the name of a control lane without its lane', 'green-control'],
  ])('warns of a lane with %s, which checkFlags lets pass', (_fault, lane) => {
    const document = lanes(lane);
    const warnings = checkDyeRules(document);
    expect(warnings.map(({ path }) => path)).toEqual(['$.flags.lane.variants.v0']);
    expect(warnings[0]?.message).toContain('"lane" has the variant');
    expect(checkDyeRules(JSON.stringify(document))).toEqual(warnings);
    expect(checkFlags(document)).toEqual([]);
  });

  test('finds nothing wrong with lanes, their control lanes, other flags, or what is no document', () => {
    expect(checkDyeRules(lanes('baseline', 'gray', 'gray-control', 'team-a', 'x'.repeat(63), '7'))).toEqual(
      [],
    );
    expect(checkDyeRules(withFlag({}))).toEqual([]);
    for (const document of ['{', 7, null, {}, { flags: 7 }, { flags: { lane: 7 } }])
      expect(checkDyeRules(document)).toEqual([]);
  });

  test('checks the flags that its option names, in either form of a document', () => {
    const flags = [{ key: 'zone', state: 'ENABLED', variants: { a: 'Zone 1' } }];
    expect(checkDyeRules({ flags })).toEqual([]);
    expect(checkDyeRules({ flags }, { keys: ['lane', 'zone'] })).toHaveLength(1);
  });
});

await describeWith(conformanceData, "checkFlags and flagd's schema", () => {
  const ajv = new Ajv({ strict: false });
  ajv.addSchema(JSON.parse(readConformance(`${schemas}/targeting.json`)) as object);
  ajv.addSchema(JSON.parse(readConformance(`${schemas}/flags.json`)) as object);
  const valid = ajv.compile({ $ref: 'https://flagd.dev/schema/v0/flags.json#/definitions/flagdConfig' });
  const documents = [
    ...['positive', 'negative'].flatMap((verdict) =>
      readdirSync(conformancePath(`${schemas}/test/targeting/${verdict}`)).map((file) => {
        const targeting = JSON.parse(
          readConformance(`${schemas}/test/targeting/${verdict}/${file}`),
        ) as object;
        return [
          `${verdict}/${file}`,
          { ...withFlag({ targeting }), $evaluators: { 'some-ref': {} } },
        ] as const;
      }),
    ),
    ...['full.json', 'minimal.json'].map(
      (file) => [file, JSON.parse(readConformance(`${schemas}/examples/${file}`)) as object] as const,
    ),
  ];

  test.each(documents)('agree about %s', (_name, document) => {
    expect(checkFlags(document).length === 0).toBe(valid(document));
  });

  test('find the same flags of the testbed wrong', () => {
    const { flags, ...set } = JSON.parse(
      readConformance('flagd-testbed/evaluator/flags/testkit-flags.json'),
    ) as { flags: object };
    const unknownReference = 'ref-to-nonexistent-evaluator-flag';
    const wrong = Object.entries(flags).filter(
      ([key, flag]) => checkFlags({ ...set, flags: { [key]: flag } }).length > 0,
    );
    const refused = Object.entries(flags).filter(([key, flag]) => !valid({ ...set, flags: { [key]: flag } }));
    const keys = wrong.map(([key]) => key).filter((key) => key !== unknownReference);
    expect(keys).toEqual(refused.map(([key]) => key));
    expect(keys.length).toBeGreaterThan(0);
  });
});

function nest(levels: number): object {
  let rule: object = { var: 'x' };
  for (let level = 0; level < levels; level += 1) rule = { '!': rule };
  return rule;
}
