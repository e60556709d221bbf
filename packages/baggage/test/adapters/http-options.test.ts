import { baggageMiddleware } from '@graylane/baggage/express';
import { baggageFetch } from '@graylane/baggage/fetch';
import { baggageListener, baggageRequest } from '@graylane/baggage/http';
import { baggageInterceptor } from '@graylane/baggage/undici';
import { describe, expect, test } from 'vitest';

type Make = (options?: unknown) => unknown;

const egress = { to: { 'http://orders:8080': ['lane'] } };
const servers: Readonly<Record<string, Make>> = {
  baggageMiddleware: baggageMiddleware as Make,
  baggageListener: (options) => baggageListener(options as never, () => {}),
};
const clients: Readonly<Record<string, Make>> = {
  baggageFetch: baggageFetch as Make,
  baggageRequest: baggageRequest as Make,
  baggageInterceptor: baggageInterceptor as Make,
};

describe.each(Object.entries(servers))('%s', (name, make) => {
  test.each<[unknown, string]>([
    [{ ingres: { mode: 'strip' } }, `${name} has no option "ingres" (did you mean "ingress"?)`],
    [{ egress }, `${name} has no option "egress" (did you mean "ingress"?)`],
    [{ mode: 'accept', keys: ['lane'] }, `${name} has no option "mode"`],
    [{ laneResponse: 'no' }, `${name}: "laneResponse" must be a boolean, got a string`],
    ['strip', `${name} takes an object of options, got a string`],
    [null, `${name} takes an object of options, got null`],
  ])('refuses %j with the remedy', (options, message) => {
    expect(() => make(options)).toThrow(message);
  });

  test('needs no options', () => {
    expect(() => [make({}), make(undefined)]).not.toThrow();
  });
});

describe.each(Object.entries(clients))('%s', (name, make) => {
  test.each<[unknown, string]>([
    [undefined, 'egress.to is missing'],
    [{}, 'egress.to is missing'],
    [{ egress, egres: egress }, `${name} has no option "egres" (did you mean "egress"?)`],
    [{ to: egress.to }, `${name} has no option "to"`],
    ['http://orders:8080', `${name} takes an object of options, got a string`],
  ])('refuses %j with the remedy', (options, message) => {
    expect(() => make(options)).toThrow(message);
  });
});

test('a fetch and a destination of another type are refused, and a missing listener', () => {
  expect(() => (baggageFetch as Make)({ egress, fetch: 'undici' })).toThrow('"fetch" must be a function');
  expect(() => (baggageInterceptor as Make)({ egress, destination: new URL('http://a') })).toThrow(
    '"destination" must be a string',
  );
  expect(() => baggageListener({}, undefined as never)).toThrow('baggageListener needs a listener');
});
