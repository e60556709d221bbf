import { baggageCounts, getActiveLane, type Dye } from '@graylane/baggage';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { requestRunner } from '../src/adapters/http/servers/handle-request.ts';

type Client = Dye<unknown>['client'] & { getStringDetailsSync?: (...args: unknown[]) => object };

const never = (): Promise<never> => Promise.reject(new Error('must not be called'));

/** The lane in which a request runs, and whether it runs before the middleware returns. */
async function run(client: Client, more: Partial<Dye<unknown>> = {}): Promise<[string, boolean]> {
  const request = new IncomingMessage(new Socket());
  const middleware = requestRunner('test', { dye: { client, evaluationContext: () => ({}), ...more } });
  let isOver = false;
  return new Promise((resolve) => {
    middleware(request, new ServerResponse(request), () => resolve([getActiveLane(), !isOver]), request);
    isOver = true;
  });
}

describe('a dye is evaluated', () => {
  test.each<[string, Client]>([
    [
      'the synchronous method of a client',
      { getStringValue: never, getStringDetails: never, getStringDetailsSync: () => ({ value: 'gray' }) },
    ],
    [
      'getStringDetails that returns no promise',
      { getStringValue: never, getStringDetails: () => ({ value: 'gray' }) },
    ],
    ['getStringValue that returns no promise', { getStringValue: () => 'gray' }],
  ])('at once by %s', async (_how, client) => {
    expect(await run(client)).toEqual(['gray', true]);
  });

  test.each<[string, Client]>([
    [
      'a provider that returns promises, behind a synchronous client',
      {
        getStringValue: never,
        getStringDetails: () => Promise.resolve({ value: 'gray' }),
        getStringDetailsSync: () => ({ value: 'baseline', errorCode: 'GENERAL', reason: 'ERROR' }),
      },
    ],
    [
      'getStringDetails',
      { getStringValue: never, getStringDetails: () => Promise.resolve({ value: 'gray' }) },
    ],
    ['getStringValue', { getStringValue: () => Promise.resolve('gray') }],
    [
      'a promise of another implementation',
      // oxlint-disable-next-line unicorn/no-thenable -- This is one.
      { getStringValue: () => ({ then: (done: (lane: string) => void) => done('gray') }) as Promise<string> },
    ],
  ])('later by %s', async (_how, client) => {
    expect(await run(client)).toEqual(['gray', false]);
  });

  test('at once where the request chooses its lane', async () => {
    const choice = { lanes: ['team-a'], lane: () => 'team-a' };
    expect(await run({ getStringValue: never }, { choice })).toEqual(['team-a', true]);
  });

  test.each<[string, Client]>([
    [
      'a synchronous method that throws',
      {
        getStringValue: never,
        getStringDetailsSync: () => {
          throw new Error('broken');
        },
      },
    ],
    [
      'a flag that does not exist',
      { getStringValue: never, getStringDetailsSync: () => ({ value: 'x', errorCode: 'FLAG_NOT_FOUND' }) },
    ],
  ])('to baseline by %s, at once, and counted', async (_how, client) => {
    const before = baggageCounts().undyed ?? 0;
    expect(await run(client)).toEqual(['baseline', true]);
    expect((baggageCounts().undyed ?? 0) - before).toBe(1);
  });
});
