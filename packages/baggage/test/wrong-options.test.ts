import type { IngressPolicy } from '@graylane/baggage';
import { baggageMiddleware, type BaggageMiddlewareOptions } from '@graylane/baggage/express';
import { baggageFetch } from '@graylane/baggage/fetch';
import { baggageClientInterceptor } from '@graylane/baggage/grpc';
import { baggageRequest } from '@graylane/baggage/http';
import { withBaggageConsumer, withBaggageProducer } from '@graylane/baggage/kafka';
import { baggageInterceptor } from '@graylane/baggage/undici';
import { describe, expect, test } from 'vitest';

const client = { getStringValue: () => 'gray' };
const evaluationContext = (): object => ({});
const secret = (id: string): object => ({ id, secret: 'x'.repeat(32) });

describe('a middleware that could not work throws when it is made', () => {
  test.each<[unknown, RegExp]>([
    [{ ingress: 'accept' }, /ingress\.mode must be "strip", "accept" or "verify", got undefined/],
    [{ ingress: { mode: 'trust', keys: ['lane'] } }, /ingress\.mode must be .*, got "trust"/],
    [{ ingress: { mode: 'accept' } }, /ingress needs the option "keys": e\.g\. .*\['lane'\]/],
    [{ ingress: { mode: 'accept', keys: 'lane' } }, /ingress: "keys" must be an array, got a string/],
    [
      { ingress: { mode: 'accept', keys: [], maxHops: Number('many') } },
      /ingress: "maxHops" must be a number, got NaN/,
    ],
    [
      { ingress: { mode: 'accept', keys: ['lane'], maxHops: -1 } },
      /ingress\.maxHops must not be negative, got -1/,
    ],
    [
      { ingress: { mode: 'accept', keys: ['la ne'] } },
      /ingress\.keys must be an array of baggage keys, got "la ne"/,
    ],
    [{ ingress: { mode: 'accept', keys: [undefined] } }, /ingress\.keys must be an array of baggage keys/],
    [
      { ingress: { mode: 'strip', keys: ['lane'] } },
      /ingress has no option "keys": its options are mode, laneKey/,
    ],
    [{ ingress: { mode: 'accept', keys: ['lane'], lane: ['gray'] } }, /"lane" \(did you mean "lanes"\?\)/],
    [
      { ingress: { mode: 'accept', keys: ['lane'], laneKey: 'pins' } },
      /ingress\.laneKey is "pins": use a token/,
    ],
    [
      { ingress: { mode: 'accept', keys: ['lane'], lanes: 'gray' } },
      /ingress\.lanes must be an array of lanes or a function/,
    ],
    [
      { ingress: { mode: 'accept', keys: ['lane'], lanes: ['Team A'] } },
      /ingress\.lanes: "Team A" is not a lane: use 1 to 63/,
    ],
    [
      { ingress: { mode: 'accept', keys: ['lane'], lanes: ['baseline'] } },
      /"baseline" always exists: leave it out/,
    ],
    [{ ingress: { mode: 'accept', keys: ['lane'], lanes: ['other'] } }, /"other" is reserved/],
    [{ ingress: { mode: 'accept', keys: ['lane'], lanes: ['gray-control'] } }, /name "gray" instead/],
    [{ ingress: { mode: 'verify', audience: 'shop', signingKeys: [] } }, /at least one signing key/],
    [{ ingress: { mode: 'verify', signingKeys: [secret('a')] } }, /ingress needs the option "audience"/],
    [
      { ingress: { mode: 'verify', audience: 'shop', signingKeys: [secret('a'), secret('b'), secret('a')] } },
      /signing keys need different ids, got "a", "b", "a"/,
    ],
    [{ ingress: { mode: 'verify', audience: 'shop' } }, /ingress needs the option "signingKeys"/],
    [
      { ingress: { mode: 'verify', audience: 'shop', signingKeys: [{ id: 'a' }] } },
      /"a" has no secret: is its environment variable set/,
    ],
    [{ dye: {} }, /dye needs the option "client": e\.g\. .*OpenFeature\.getClient\(\)/],
    [{ dye: { client: {}, evaluationContext } }, /dye\.client has no getStringValue/],
    [
      { dye: { client, evaluationContext, lane: ['gray'] } },
      /dye has no option "lane" \(did you mean "lanes"\?\)/,
    ],
    [{ dye: { client, evaluationContext, lanes: ['a.b'] } }, /dye\.lanes: "a\.b" is not a lane/],
    [
      { dye: { client, evaluationContext, choice: { lanes: ['x-control'], lane: () => 'x' } } },
      /dye\.choice\.lanes: .*name "x"/,
    ],
    [{ dye: { client, evaluationContext, choice: { lanes: ['x'] } } }, /dye\.choice needs the option "lane"/],
    [{ dye: { client } }, /dye needs the option "evaluationContext"/],
  ])('%j', (options, words) => {
    expect(() => baggageMiddleware(options as BaggageMiddlewareOptions)).toThrow(words);
  });

  test.each<IngressPolicy>([
    { mode: 'strip' },
    { mode: 'accept', keys: [] },
    { mode: 'verify', audience: 'shop', signingKeys: [{ id: 'a', secret: 'x'.repeat(32) }] },
  ])('and not with %j', (ingress) => {
    expect(() => baggageMiddleware({ ingress, dye: { client, evaluationContext } as never })).not.toThrow();
  });
});

const producer = { send() {}, sendBatch() {}, transaction() {} };

test.each<[string, () => unknown, RegExp]>([
  [
    'a producer of @platformatic/kafka',
    () => withBaggageProducer({ send() {} } as never, { egress: { to: {} } }),
    /no sendBatch\(\): use baggageHeaders\(topic, \{ egress \}\)/,
  ],
  [
    'a producer of node-rdkafka',
    () => withBaggageProducer({ produce() {} } as never, { egress: { to: {} } }),
    /no send\(\): use baggageHeaders/,
  ],
  [
    'a consumer that is a stream',
    () => withBaggageConsumer({ consume() {} } as never, { ingress: { mode: 'strip' } }),
    /no run\(\): use runInMessage\(message, \{ ingress \}, handle\)/,
  ],
  [
    'no consumer',
    () => withBaggageConsumer(undefined as never, { ingress: { mode: 'strip' } }),
    /the interface of kafkajs/,
  ],
])('%s is refused, since wrapping it would change nothing', (_what, wrap, words) => {
  expect(wrap).toThrow(words);
});

const adapters = {
  fetch: baggageFetch,
  undici: baggageInterceptor,
  http: baggageRequest,
  grpc: baggageClientInterceptor,
  kafka: (options: { egress: never }) => withBaggageProducer(producer as never, options),
};

describe.each(Object.entries(adapters))(
  'the %s client that could not work throws when it is made',
  (_name, make) => {
    test.each<[unknown, RegExp]>([
      [undefined, /egress\.to is missing/],
      [{ 'http://orders:8080': ['lane'] }, /egress\.to is missing: .*http:\/\/orders:8080/],
      [{ to: { 'orders:8080': ['lane'] } }, /"orders:8080", which is not a destination: write http:\/\/host/],
      [{ to: { '*': ['lane'] } }, /"\*", which is not a destination/],
      [{ to: { 'http://orders:80800': ['lane'] } }, /"http:\/\/orders:80800", which is not a destination/],
      [{ to: { 'https://*.shop:99999': ['lane'] } }, /which is not a destination/],
      [{ to: { 'grpc://payments:99999': ['lane'] } }, /which is not a destination/],
      [{ to: { 'http://[::1:80': ['lane'] } }, /which is not a destination/],
      [{ to: { 'http://10.0.0.256': ['lane'] } }, /which is not a destination/],
      [{ to: { 'http://orders:8080': 'lane' } }, /egress\.to\["http:\/\/orders:8080"\] must be an array/],
      [{ to: { 'http://orders:8080': ['la ne'] } }, /must be an array of baggage keys, got "la ne"/],
      [
        { to: { 'https://api.example/public': [] } },
        /covers whole origins, not paths or users: write "https:\/\/api\.example"/,
      ],
      [{ to: { 'https://*.example/a': [] } }, /write "https:\/\/\*\.example"/],
      [{ to: { 'http://ada@orders:80': [] } }, /write "http:\/\/orders:80"/],
      [{ to: { 'http://orders?a': [] } }, /write "http:\/\/orders"/],
      [{ to: { 'grpc://payments:50051/Charge': [] } }, /write "grpc:\/\/payments:50051"/],
      [{ to: {}, laneheader: 'x-lane' }, /did you mean "laneHeader"/],
    ])('with %j', (egress, words) => {
      expect(() => make({ egress: egress as never })).toThrow(words);
    });

    test('and not with destinations of every kind', () => {
      const to = {
        'http://orders:8080': ['lane'],
        'https://*.shop.internal': ['lane'],
        'HTTP://[::1]:80/': [],
        'grpc://payments:50051': ['lane'],
        'kafka:payments': ['lane'],
      };
      expect(() => make({ egress: { to } as never })).not.toThrow();
    });
  },
);
