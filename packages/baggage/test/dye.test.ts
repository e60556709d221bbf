import {
  baggageCounts,
  emit,
  getActiveLane,
  type BaggageEvent,
  type Dye,
  type SigningKey,
} from '@graylane/baggage';
import { baggageListener } from '@graylane/baggage/http';
import { context, diag, DiagLogLevel } from '@opentelemetry/api';
import type { IncomingMessage, RequestListener } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { serve } from './adapters/http-listener.ts';

const egress = { to: { orders: ['lane', 'user-id'], partner: ['user-id'] } };
const key: SigningKey = { id: 'k', secret: 'thirty-two bytes of secrecy, and some' };
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  diag.disable();
  for (const one of open.splice(0)) await one.close();
});

describe('a dye', () => {
  test('may be chosen by those who may, among the lanes that may be chosen', async () => {
    const dye = dyeOf({
      client: { getStringValue: () => 'by-rule' },
      choice: {
        lanes: ['gray'],
        lane: ({ headers }) => (headers['x-tester'] ? (headers['x-lane'] as string) : undefined),
      },
    });
    const before = counted('unknown');
    const tester = { 'x-tester': '1' };
    expect(await lanes(dye, { ...tester, 'x-lane': 'gray' })).toBe('gray');
    expect(await lanes(dye, { ...tester, 'x-lane': 'baseline' })).toBe('baseline');
    expect(await lanes(dye, tester)).toBe('by-rule');
    expect(await lanes(dye, { 'x-lane': 'gray' })).toBe('by-rule');
    expect(counted('unknown') - before).toBe(0);
    expect(await lanes(dye, { ...tester, 'x-lane': 'root' })).toBe('by-rule');
    expect(counted('unknown') - before).toBe(1);
  });

  test('is none where the rule names a lane that there is not', async () => {
    const alive = new Set(['gray']);
    const dye = dyeOf({ lanes: (lane) => alive.has(lane) });
    expect(await lanes(dye)).toBe('gray');
    alive.clear();
    const before = counted('unknown');
    expect(await lanes(dye)).toBe('baseline');
    expect(counted('unknown') - before).toBe(1);
  });

  test('does not hold a request up for ever', async () => {
    const before = counted('undyed');
    const dye = dyeOf({ client: { getStringValue: () => new Promise<string>(() => {}) }, timeoutMs: 5 });
    expect(await lanes(dye)).toBe('baseline');
    expect(counted('undyed') - before).toBe(1);
  });

  test('that cannot be evaluated is logged on one line, for any error', async () => {
    const lines: unknown[] = [];
    const log = (...words: unknown[]): void => void lines.push(words);
    diag.setLogger(
      { error: log, warn: log, info: log, debug: log, verbose: log },
      { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
    );
    const dye = dyeOf({
      client: {
        getStringValue: () => {
          throw new Error('no flags\r\nset-cookie: \u001b[31mred');
        },
      },
    });
    expect(await lanes(dye)).toBe('baseline');
    expect(await lanes(dye)).toBe('baseline');
    expect(lines).toEqual([
      [
        String.raw`graylane: a request stays undyed: Error: no flags\u{000d}\u{000a}set-cookie: \u{001b}[31mred (logged once)`,
      ],
    ]);
  });

  test('carries the members of `carry`, from the evaluation context alone', async () => {
    const dye = dyeOf({
      evaluationContext: () => ({ targetingKey: 'ada', age: 36, vip: false, none: null, missing: undefined }),
      carry: {
        'user-id': 'targetingKey',
        age: 'age',
        vip: 'vip',
        none: 'none',
        missing: 'missing',
        proto: 'constructor',
      },
    });
    const all = { to: { orders: ['lane', 'user-id', 'age', 'vip', 'none', 'missing', 'proto'] } };
    const sent = (): string => emit(context.active(), all, 'orders') ?? '';
    expect(await lanes(dye, {}, sent)).toBe('lane=gray,user-id=ada,age=36,vip=false');
  });

  test('that fails leaves the request in baseline, with what it is to carry', async () => {
    const before = counted('undyed');
    const dye = dyeOf({
      client: { getStringValue: () => Promise.reject(new Error('the provider is away')) },
      evaluationContext: () => ({ targetingKey: 'ada' }),
      carry: { 'user-id': 'targetingKey' },
    });
    const sent = (): string => emit(context.active(), egress, 'orders') ?? '';
    expect(await lanes(dye, {}, sent)).toBe('user-id=ada');
    expect(counted('undyed') - before).toBe(1);
  });

  test('gives each request an id of its own to the rule, unless the evaluation context has one', async () => {
    const seen: unknown[] = [];
    const client = {
      getStringValue: (_flag: string, _default: string, { requestId }: Record<string, unknown>) => {
        seen.push(requestId);
        return 'gray';
      },
    };
    for (let request = 0; request < 3; request += 1) await lanes(dyeOf({ client }));
    expect(new Set(seen).size).toBe(3);
    expect(seen.every((id) => typeof id === 'string' && id !== '')).toBe(true);
    await lanes(dyeOf({ client, evaluationContext: () => ({ requestId: 'r-17' }) }));
    expect(seen.at(-1)).toBe('r-17');
  });

  test('that expires has its expiry, and counts its hops', async () => {
    const sent = (): string => emit(context.active(), egress, 'orders') ?? '';
    expect(await lanes(dyeOf({ ttlSeconds: 60 }), {}, sent)).toMatch(/^lane=gray,lane-seal=1\.0\.\d{10}$/);
  });

  test('of an edge is believed by a service that verifies, over real sockets', async () => {
    const verify = { mode: 'verify', signingKeys: [key], audience: 'shop', keys: ['user-id'] } as const;
    const orders = await start(
      baggageListener({ ingress: verify }, (_request, response) => response.end(getActiveLane())),
    );
    const edge = await start(
      baggageListener({ dye: dyeOf({ sign: { key, audience: 'shop' } }) }, (_request, response) => {
        const baggage = emit(context.active(), egress, 'orders') ?? '';
        void fetch(orders, { headers: { baggage } }).then(async (answer) =>
          response.end(await answer.text()),
        );
      }),
    );
    expect(await text(edge)).toBe('gray');
    expect(await text(orders, { baggage: 'lane=gray' })).toBe('baseline');
  });
});

describe('a dye that falls after a call has been made', () => {
  const laterThan = async (destination: string): Promise<number> => {
    const before = counted('escaped');
    const dye = dyeOf({
      client: {
        getStringValue: async () => {
          emit(context.active(), egress, destination);
          await delay(1);
          return 'gray';
        },
      },
    });
    expect(await lanes(dye)).toBe('gray');
    return counted('escaped') - before;
  };

  test('has escaped from it, and is counted', async () => {
    expect(await laterThan('orders')).toBe(1);
  });

  test('has not, where the destination may not see the lane', async () => {
    expect(await laterThan('partner')).toBe(0);
    expect(await laterThan('stranger')).toBe(0);
  });
});

test('a lane grants no access: permissions are the same in all lanes, forged ones included', async () => {
  const tokens = new Map([
    ['token-of-ada', 'admin'],
    ['token-of-bob', 'user'],
  ]);
  const service = await start(
    baggageListener({ ingress: { mode: 'accept', keys: ['lane'] } }, (request, response) => {
      const role = tokens.get(request.headers.authorization ?? '');
      const allowed = role === 'admin' || (role === 'user' && request.method === 'GET');
      response.writeHead(allowed ? 200 : 403).end();
    }),
  );
  const seen = new Set<string>();
  const decisions = async (baggage: string): Promise<number[]> => {
    const statuses: number[] = [];
    for (const authorization of [...tokens.keys(), 'none']) {
      for (const method of ['GET', 'DELETE']) {
        const answer = await fetch(service, { method, headers: { authorization, baggage } });
        statuses.push(answer.status);
        seen.add(answer.headers.get('graylane-lane') ?? 'none');
      }
    }
    return statuses;
  };
  const inBaseline = await decisions('');
  expect(inBaseline).toEqual([200, 200, 200, 403, 403, 403]);
  for (const baggage of ['lane=gray', 'lane=admin', 'lane=gray;role=admin', 'lane=token-of-ada']) {
    expect(await decisions(baggage)).toEqual(inBaseline);
  }
  expect(seen).toEqual(new Set(['baseline', 'gray', 'admin', 'token-of-ada']));
});

function dyeOf(part: Partial<Dye<IncomingMessage>>): Dye<IncomingMessage> {
  return { client: { getStringValue: () => 'gray' }, evaluationContext: () => ({}), ...part };
}

/** The response of a handler behind the dye, by default its lane. */
async function lanes(dye: Dye<IncomingMessage>, headers = {}, say = getActiveLane): Promise<string> {
  return text(await start(baggageListener({ dye }, (_request, response) => response.end(say()))), headers);
}

async function text(origin: string, headers: Record<string, string> = {}): Promise<string> {
  return (await fetch(origin, { headers })).text();
}

async function start(listener: RequestListener): Promise<string> {
  const served = await serve(listener);
  open.push(served);
  return served.origin;
}

function counted(event: BaggageEvent): number {
  return baggageCounts()[event] ?? 0;
}
