import type { IngressPolicy } from '@graylane/baggage';
import { baggageMiddleware, type BaggageMiddlewareOptions } from '@graylane/baggage/express';
import { baggageFetch } from '@graylane/baggage/fetch';
import { baggageClientInterceptor } from '@graylane/baggage/grpc';
import { baggageRequest } from '@graylane/baggage/http';
import { withBaggageProducer } from '@graylane/baggage/kafka';
import { baggageInterceptor } from '@graylane/baggage/undici';
import { describe, expect, test } from 'vitest';

const client = { getStringValue: () => 'gray' };
const evaluationContext = (): object => ({});

describe('a middleware that could not work says so when it is made', () => {
  test.each<[unknown, RegExp]>([
    [{ ingress: 'accept' }, /ingress\.mode is undefined: use "strip", "accept" or "verify"/],
    [{ ingress: { mode: 'trust', keys: ['lane'] } }, /ingress\.mode is "trust"/],
    [{ ingress: { mode: 'accept' } }, /ingress\.keys is undefined: list the members/],
    [{ ingress: { mode: 'accept', keys: 'lane' } }, /ingress\.keys is "lane"/],
    [{ ingress: { mode: 'accept', keys: [], maxHops: Number('many') } }, /ingress\.maxHops is NaN/],
    [{ ingress: { mode: 'verify', audience: 'shop' } }, /at least one signing key/],
    [
      { ingress: { mode: 'verify', audience: 'shop', signingKeys: [{ id: 'a' }] } },
      /"a" has no secret: is its environment variable set/,
    ],
    [{ dye: {} }, /dye\.client is missing/],
    [{ dye: { client } }, /dye\.evaluationContext is missing/],
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

const adapters = {
  fetch: baggageFetch,
  undici: baggageInterceptor,
  http: baggageRequest,
  grpc: baggageClientInterceptor,
  kafka: (options: { egress: never }) => withBaggageProducer({} as never, options),
};

describe.each(Object.entries(adapters))(
  'the %s client that could not work says so when it is made',
  (_name, make) => {
    test.each<[unknown, RegExp]>([
      [undefined, /egress\.to is missing/],
      [{ 'http://orders:8080': ['lane'] }, /egress\.to is missing: .*http:\/\/orders:8080/],
      [{ to: { 'orders:8080': ['lane'] } }, /"orders:8080", which is no destination: write http:\/\/host/],
      [{ to: { '*': ['lane'] } }, /"\*", which is no destination/],
      [{ to: { 'http://orders:8080': 'lane' } }, /egress\.to\["http:\/\/orders:8080"\] is no list/],
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
