import { createServer, type RequestListener, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { getActiveLane, runInLane } from '@graylane/baggage';
import { baggageMiddleware } from '@graylane/baggage/express';
import { baggageFetch } from '@graylane/baggage/fetch';
import { baggageClientInterceptor, baggageServerInterceptor } from '@graylane/baggage/grpc';
import { baggageListener } from '@graylane/baggage/http';
import { getSyncClient, GraylaneProvider, pin } from '@graylane/provider';
import {
  credentials,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type Client,
  type handleUnaryCall,
  type MethodDefinition,
  type requestCallback,
} from '@grpc/grpc-js';
import { OpenFeature } from '@openfeature/server-sdk';
import express from 'express';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ServerProcess } from '../support/server-process.ts';
import { eventually } from '../support/shop.ts';

/**
 * A shop in small: gateway -> orders (HTTP) -> payments (gRPC), each with a provider of its own
 * that follows the flag server.
 */
const services = ['gateway', 'orders', 'payments'] as const;
type Service = (typeof services)[number];

/** The decisions of one service about a request. */
interface Hop {
  readonly service: Service;
  readonly lane: string;
  readonly pinned: string;
  readonly free: string;
}

const flag = (defaultVariant: string, pinned: boolean): object => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant,
  metadata: { pin: pinned },
});
const rules = (variant: string): object => ({
  flags: {
    lane: { state: 'ENABLED', variants: { gray: 'gray' }, defaultVariant: 'gray' },
    pinned: flag(variant, true),
    free: flag(variant, false),
  },
});

let flagServer: ServerProcess;
let stop: (() => void)[] = [];
let gateway = '';
let orders = '';
/** Runs while orders works on a request. */
let meanwhile: () => Promise<void> = async () => {};

beforeAll(async () => {
  flagServer = await ServerProcess.start(rules('off'));
  for (const service of services)
    await OpenFeature.setProviderAndWait(service, new GraylaneProvider({ source: { url: flagServer.url } }));
  await OpenFeature.setProviderAndWait(OpenFeature.getProvider('gateway'));
  const payments = await servePayments();
  orders = await serve(ordersOf(payments));
  gateway = await serve(gatewayOf(orders));
});

afterAll(async () => {
  for (const end of stop) end();
  stop = [];
  await OpenFeature.clearProviders();
  await flagServer?.close();
});

beforeEach(async () => {
  meanwhile = async () => {};
  await change('off');
});

test('a rule that changes in the middle of a request changes nothing of what is pinned, and half of what is not', async () => {
  meanwhile = () => change('on');
  const hops = await ask('/checkout');
  expect(hops.map(({ service, lane }) => [service, lane])).toEqual(
    services.map((service) => [service, 'gray']),
  );
  expect(hops.map(({ pinned }) => pinned)).toEqual(['off STATIC', 'off CACHED', 'off CACHED']);
  expect(hops.map(({ free }) => free)).toEqual(['off STATIC', 'off STATIC', 'on STATIC']);
});

test('the next request sees the new rule in every service', async () => {
  await change('on');
  const hops = await ask('/checkout');
  expect(hops.map(({ pinned }) => pinned)).toEqual(['on STATIC', 'on CACHED', 'on CACHED']);
});

test('siblings agree on what is pinned at their ancestor, though it evaluates no flag itself', async () => {
  meanwhile = () => change('on');
  const apart = await ask('/siblings');
  expect(apart.map(({ pinned }) => pinned)).toEqual(['off STATIC', 'off CACHED', 'on STATIC', 'on CACHED']);
  await change('off');
  const together = await ask('/siblings?pin=pinned');
  expect(together.map(({ pinned }) => pinned)).toEqual(Array(4).fill('off CACHED'));
  expect(together.map(({ free }) => free)).toEqual(['off STATIC', 'on STATIC', 'on STATIC', 'on STATIC']);
});

test('a job agrees with what it calls', async () => {
  meanwhile = () => change('on');
  const hops = await runInLane('gray', async () => {
    expect(pin(['pinned'])).toEqual(['pinned']);
    return [...(await callOrders(orders)), ...(await callOrders(orders))];
  });
  expect(hops.map(({ pinned }) => pinned)).toEqual(Array(4).fill('off CACHED'));
});

test('disabling the flag in the middle of a request beats its pin', async () => {
  meanwhile = async () => {
    flagServer.write({ flags: { pinned: { ...flag('off', true), state: 'DISABLED' } } });
    await seenByAll(async (service) => {
      const { reason } = getSyncClient(service).getBooleanDetailsSync('pinned', false);
      expect(reason).toBe('DISABLED');
    });
  };
  const hops = await ask('/checkout');
  expect(hops.map(({ pinned }) => pinned)).toEqual(['off STATIC', 'off CACHED', 'undefined DISABLED']);
});

/** Changes both rules at the flag server, and waits until all services decide by them. */
async function change(variant: string): Promise<void> {
  flagServer.write(rules(variant));
  await seenByAll(async (service) => {
    for (const key of ['free', 'pinned']) expect(decide(service, key)).toBe(`${variant} STATIC`);
  });
}

/** Outside of any request, where no pin counts. */
async function seenByAll(check: (service: Service) => Promise<void>): Promise<void> {
  await runInLane('gray', () =>
    eventually(() => Promise.all(services.map((service) => runInLane('gray', () => check(service))))),
  );
}

function decide(service: Service, flagKey: string): string {
  const { variant, reason } = getSyncClient(service).getBooleanDetailsSync(flagKey, false);
  return `${variant} ${reason}`;
}

function hopOf(service: Service): Hop {
  return { service, lane: getActiveLane(), pinned: decide(service, 'pinned'), free: decide(service, 'free') };
}

async function ask(path: string): Promise<readonly Hop[]> {
  const answer = await fetch(gateway + path);
  return (await answer.json()) as readonly Hop[];
}

function gatewayOf(ordersUrl: string): RequestListener {
  const app = express();
  app.use(
    baggageMiddleware({
      ingress: { mode: 'strip' },
      dye: { client: getSyncClient('gateway'), evaluationContext: () => ({}) },
    }),
  );
  app.use((request, _response, next) => {
    if (request.query['pin'] !== undefined) pin([String(request.query['pin'])]);
    next();
  });
  app.get('/checkout', async (_request, response) => {
    const hop = hopOf('gateway');
    response.json([hop, ...(await callOrders(ordersUrl))]);
  });
  app.get('/siblings', async (_request, response) => {
    response.json([...(await callOrders(ordersUrl)), ...(await callOrders(ordersUrl))]);
  });
  return app;
}

async function callOrders(ordersUrl: string): Promise<readonly Hop[]> {
  const send = baggageFetch({ egress: { to: { [ordersUrl]: ['lane'] } } });
  return (await (await send(ordersUrl)).json()) as readonly Hop[];
}

function ordersOf(payments: () => Promise<Hop>): RequestListener {
  return baggageListener({ ingress: { mode: 'accept', keys: ['lane'] } }, (_request, response) => {
    const hop = hopOf('orders');
    meanwhile()
      .then(payments)
      .then(
        (next) => response.end(JSON.stringify([hop, next])),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
  });
}

async function serve(listener: RequestListener): Promise<string> {
  const server: HttpServer = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stop.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json = {
  requestSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  requestDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as unknown,
  responseSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  responseDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as Hop,
};
const charge: MethodDefinition<unknown, Hop> = {
  path: '/payments.Payments/Charge',
  requestStream: false,
  responseStream: false,
  ...json,
};

/** Starts payments, and returns a function that calls it as orders does. */
async function servePayments(): Promise<() => Promise<Hop>> {
  const server = new Server({
    interceptors: [baggageServerInterceptor({ ingress: { mode: 'accept', keys: ['lane'] } })],
  });
  const handle: handleUnaryCall<unknown, Hop> = (_call, respond) => respond(null, hopOf('payments'));
  server.addService({ charge }, { charge: handle });
  const bind = promisify(server.bindAsync.bind(server));
  const target = `127.0.0.1:${await bind('127.0.0.1:0', ServerCredentials.createInsecure())}`;
  const Payments = makeGenericClientConstructor({ charge }, 'Payments');
  const client = new Payments(target, credentials.createInsecure(), {
    interceptors: [baggageClientInterceptor({ egress: { to: { [`grpc://${target}`]: ['lane'] } } })],
  }) as unknown as Client & { charge(request: unknown, answer: requestCallback<Hop>): void };
  stop.push(
    () => client.close(),
    () => server.forceShutdown(),
  );
  return () =>
    new Promise((resolve, reject) => {
      client.charge({}, (error, hop) => (hop ? resolve(hop) : reject(error ?? new Error('no answer'))));
    });
}
