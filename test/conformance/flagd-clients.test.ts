import { GraylaneProvider } from '@graylane/provider';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature, type EvaluationContext, type Provider } from '@openfeature/server-sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serve, type Served } from '../../apps/server/test/support/serve.ts';
import { describeWith } from '../components/components.ts';
import { askGo, goFlagd } from '../components/clients/go-flagd.ts';
import { askJava, javaFlagd } from '../components/clients/java-flagd.ts';
import { askPython, pythonFlagd } from '../components/clients/python-flagd.ts';

const variants = { on: true, off: false };
const document = {
  metadata: { flagSetId: 'shop' },
  $evaluators: { gray: { '==': [{ var: 'lane' }, 'gray'] } },
  flags: {
    fees: { state: 'ENABLED', variants, defaultVariant: 'off', targeting: { if: [{ $ref: 'gray' }, 'on'] } },
    farbe: { state: 'ENABLED', variants: { rot: 'rötlich', grün: '绿' }, defaultVariant: 'grün' },
    schlüssel: { state: 'ENABLED', variants: { a: '值' }, defaultVariant: 'a' },
    half: { state: 'ENABLED', variants: { a: 1.5 }, defaultVariant: 'a' },
    whole: { state: 'ENABLED', variants: { a: 7, b: 0 }, defaultVariant: 'a' },
    object: { state: 'ENABLED', variants: { a: { nested: [1, { b: 'c' }] } }, defaultVariant: 'a' },
    rollout: {
      state: 'ENABLED',
      variants,
      defaultVariant: 'off',
      targeting: { fractional: [{ var: 'targetingKey' }, ['on', 30], ['off', 70]] },
    },
    seeded: {
      state: 'ENABLED',
      variants: { a: 'A', b: 'B', c: 'C' },
      defaultVariant: 'a',
      targeting: {
        fractional: [
          ['a', 1],
          ['b', 1],
          ['c', 1],
        ],
      },
    },
    version: {
      state: 'ENABLED',
      variants,
      defaultVariant: 'off',
      targeting: { if: [{ sem_ver: [{ var: 'app.version' }, '>=', '2.1.0'] }, 'on', 'off'] },
    },
    off: { state: 'DISABLED', variants: { a: 'A' }, defaultVariant: 'a' },
    open: { state: 'ENABLED', variants: { a: 'A' }, defaultVariant: null },
    lost: { state: 'ENABLED', variants: { a: 'A' }, defaultVariant: 'a', targeting: { if: [true, 'b'] } },
  },
};

const users = ['ada', 'bob', 'user-7', 'a@b.example', '12345'];
const strangers = ['zoë', '李雷', '🦊'];

interface Question {
  readonly key: string;
  readonly type: 'boolean' | 'string' | 'float' | 'object';
  readonly default: boolean | string | number | object;
  readonly context: EvaluationContext;
}

const ask = (
  key: string,
  type: Question['type'],
  fallback: Question['default'],
  context: EvaluationContext = { targetingKey: 'ada' },
): Question => ({ key, type, default: fallback, context });

const questions: readonly Question[] = [
  ask('fees', 'boolean', false, { targetingKey: 'ada', lane: 'gray' }),
  ask('fees', 'boolean', true),
  ask('farbe', 'string', 'x'),
  ask('schlüssel', 'string', 'x'),
  ask('half', 'float', 0),
  ask('whole', 'float', 0),
  ask('object', 'object', {}),
  ...users.flatMap((targetingKey) => [
    ask('rollout', 'boolean', false, { targetingKey }),
    ask('seeded', 'string', 'x', { targetingKey }),
  ]),
  ask('version', 'boolean', false, { targetingKey: 'ada', app: { version: '2.10.0' } }),
  ask('version', 'boolean', true, { targetingKey: 'ada', app: { version: 'v2.0.9' } }),
  ask('off', 'string', 'mine'),
  ask('open', 'string', 'mine'),
  ask('nobody', 'string', 'mine'),
  ask('farbe', 'boolean', true),
  ask('fees', 'string', 'mine'),
  ask('lost', 'string', 'mine'),
];

/**
 * Rollouts over keys that are not ASCII: flagd's evaluator for JavaScript hashes them otherwise
 * than flagd's own.
 */
const foreignQuestions = strangers.flatMap((targetingKey) => [
  ask('rollout', 'boolean', false, { targetingKey }),
  ask('seeded', 'string', 'x', { targetingKey }),
]);

let served: Served;
let expected: readonly string[];
let expectedOfForeign: readonly string[];

beforeAll(async () => {
  served = await serve(document);
  expected = await answersOf(graylane({ flags: document }), questions);
  expectedOfForeign = await answersOf(graylane({ flags: document }), foreignQuestions);
});
afterAll(() => served.close());

test('the table holds every kind of result', () => {
  const all = [...expected, ...expectedOfForeign].join('\n');
  for (const kind of [
    'TARGETING_MATCH',
    'DEFAULT',
    'STATIC',
    'DISABLED',
    'FLAG_NOT_FOUND',
    'TYPE_MISMATCH',
  ]) {
    expect(all).toContain(kind);
  }
  for (const variant of ['on', 'off', 'a', 'b', 'c']) expect(all).toContain(`TARGETING_MATCH ${variant}`);
});

describe('the same results', () => {
  test("from graylane's provider over the change stream", async () => {
    expect(await answersOf(graylane({ url: served.url }), questions)).toEqual(expected);
  });

  test("from flagd's provider in-process", async () => {
    expect(await answersOf(flagd('in-process'), questions)).toEqual(expected);
  });

  test("from flagd's provider by RPC, keys of any script included", async () => {
    expect(await answersOf(flagd('rpc'), questions)).toEqual(expected);
    expect(await answersOf(flagd('rpc'), foreignQuestions)).toEqual(expectedOfForeign);
  });

  test("from OFREP's provider, keys of any script included, though it calls it an error when the code's default serves", async () => {
    const provider = (): Provider => new OFREPProvider({ baseUrl: served.url });
    const withError = expected.map((line) =>
      line.replace(/("mine": )(?:DISABLED|DEFAULT)$/, '$1ERROR GENERAL'),
    );
    expect(await answersOf(provider(), questions)).toEqual(withError);
    expect(await answersOf(provider(), foreignQuestions)).toEqual(expectedOfForeign);
  });
});

await describeWith(pythonFlagd, "the same answers from Python's flagd provider", () => {
  test('by RPC, keys of any script included', async () => {
    expect(await askedOfPython('rpc', served)).toEqual([...expected, ...expectedOfForeign]);
  });

  test("in-process, keys of any script included, where the set chooses Python's hash", async () => {
    const newer = { ...document, metadata: { ...document.metadata, fractionalHash: 'v3' } };
    const other = await serve(newer);
    try {
      const all = [...questions, ...foreignQuestions];
      const ours = await answersOf(graylane({ flags: newer }), all);
      expect(await askedOfPython('in-process', other)).toEqual(ours);
      expect(ours).not.toEqual([...expected, ...expectedOfForeign]);
    } finally {
      await other.close();
    }
  });
});

await describeWith(goFlagd, "the same answers from flagd's client for Go, by Connect over HTTP/1.1", () => {
  const codes: Record<string, string> = {
    not_found: 'ERROR FLAG_NOT_FOUND',
    invalid_argument: 'ERROR TYPE_MISMATCH',
    data_loss: 'ERROR PARSE_ERROR',
    unknown: 'ERROR GENERAL',
  };

  test('keys of any script included', async () => {
    const all = [...questions, ...foreignQuestions];
    const { event, results } = await askGo({ port: served.grpcPort, questions: all });
    expect(event).toBe('provider_ready');
    const sentences = all.map((question, index) => {
      const { code, value, variant, reason } = results[index] ?? { value: undefined };
      // The provider returns the default of the code after an error, and for a disabled flag.
      if (code !== undefined) return sentence(question, { value: question.default, reason: codes[code] });
      if (reason === 'DISABLED') return sentence(question, { value: question.default, reason });
      return sentence(question, { value, variant, reason });
    });
    expect(sentences).toEqual([...expected, ...expectedOfForeign].map(asByV1));
  });

  test('and the name of an environment that does not exist', async () => {
    const { results } = await askGo({
      port: served.grpcPort,
      selector: 'moon',
      questions: [ask('fees', 'boolean', true)],
    });
    expect(results).toEqual([
      {
        value: null,
        code: 'failed_precondition',
        message: 'there is no environment "moon": use one of "default"',
      },
    ]);
  });
});

await describeWith(javaFlagd, "the same answers from Java's flagd provider", () => {
  test('by RPC, keys of any script included', async () => {
    const all = [...questions, ...foreignQuestions];
    const results = await askJava({ resolver: 'rpc', port: served.grpcPort, questions: all });
    const sentences = all.map((question, index) => {
      const { message: _message, variant, ...result } = results[index] ?? {};
      return sentence(question, { ...result, variant: variant === '' ? undefined : variant });
    });
    // The provider takes the zero value of a disabled flag for its value, as it does with flagd.
    const zero = (line: string): string => line.replace(/is "mine": DISABLED$/, 'is "": DISABLED');
    expect(sentences).toEqual([...expected, ...expectedOfForeign].map(asByV1).map(zero));
  });

  test('and the name of an environment that does not exist', async () => {
    const asked = [ask('fees', 'boolean', true)];
    const [result] = await askJava({
      resolver: 'rpc',
      port: served.grpcPort,
      selector: 'moon',
      questions: asked,
    });
    expect(result).toMatchObject({
      value: true,
      errorCode: 'GENERAL',
      message: 'FAILED_PRECONDITION: there is no environment "moon": use one of "default"',
    });
  });
});

test("the name of an environment that does not exist reaches users of flagd's provider for JavaScript", async () => {
  await OpenFeature.setProviderAndWait('judge', flagd('rpc', 'moon'));
  try {
    const client = OpenFeature.getClient('judge');
    expect(await client.getBooleanDetails('fees', true)).toMatchObject({
      value: true,
      errorCode: 'GENERAL',
      errorMessage: 'there is no environment "moon": use one of "default"',
    });
  } finally {
    await OpenFeature.close();
  }
  await expect(OpenFeature.setProviderAndWait('judge', flagd('in-process', 'moon'))).rejects.toThrow(
    'there is no environment "moon"',
  );
  await OpenFeature.close();
});

/** By `flagd.evaluation.v1`, a flag without a default variant is not found. */
function asByV1(line: string): string {
  return line.replace(/("mine": )DEFAULT$/, '$1ERROR FLAG_NOT_FOUND');
}

async function askedOfPython(resolver: 'in-process' | 'rpc', { grpcPort }: Served): Promise<string[]> {
  const all = [...questions, ...foreignQuestions];
  const answers = await askPython({ resolver, port: grpcPort, selector: 'flagSetId=shop', questions: all });
  return all.map((question, index) => {
    const { error_code: errorCode, ...answer } = answers[index] ?? {};
    return sentence(question, { ...answer, errorCode });
  });
}

/** An evaluation and its result in one line, so that a difference is easy to see. */
function sentence({ key, type, context }: Question, answer: Record<string, unknown>): string {
  const { value, variant, reason, errorCode } = answer;
  const told = [reason, variant, errorCode].filter(Boolean).map(String).join(' ');
  return `${type} ${key} for ${JSON.stringify(context)} is ${JSON.stringify(value)}: ${told}`;
}

async function answersOf(provider: Provider, asked: readonly Question[]): Promise<string[]> {
  await OpenFeature.setProviderAndWait('judge', provider);
  const client = OpenFeature.getClient('judge');
  const answers: string[] = [];
  for (const question of asked) {
    const { key, type, context } = question;
    const fallback = question.default;
    const details = await (type === 'boolean'
      ? client.getBooleanDetails(key, fallback as boolean, context)
      : type === 'string'
        ? client.getStringDetails(key, fallback as string, context)
        : type === 'float'
          ? client.getNumberDetails(key, fallback as number, context)
          : client.getObjectDetails(key, fallback as object as never, context));
    answers.push(sentence(question, { ...details }));
  }
  await OpenFeature.close();
  return answers;
}

function flagd(resolverType: 'in-process' | 'rpc', selector = ''): Provider {
  // Its cache does not check the requested type.
  const cache = 'disabled';
  const { grpcPort: port } = served;
  return new FlagdProvider({ host: '127.0.0.1', port, resolverType, cache, selector, deadlineMs: 30_000 });
}

/** Without baggage, whose lane would override that of the question. */
function graylane(source: { url: string } | { flags: object }): Provider {
  return new GraylaneProvider({ source, baggage: {} });
}
