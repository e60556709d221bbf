import { baggageFetch } from '@graylane/baggage/fetch';
import { baggageRequest } from '@graylane/baggage/http';
import { baggageInterceptor } from '@graylane/baggage/undici';
import nodeFetch from 'node-fetch';
import { Agent as HttpAgent, type RequestOptions } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Agent, fetch as undiciFetch, interceptors, request, type Dispatcher } from 'undici';
import { egressContract, laneNow, type Call, type HttpClient, type HttpPeer } from './egress-contract.ts';

const asRecord = ['a record', Object.fromEntries<string>] as const;
const asPairs = ['pairs', (pairs: readonly [string, string][]) => pairs] as const;
const asFlatList = ['a flat list', (pairs: readonly [string, string][]) => pairs.flat()] as const;
const asHeaders = ['Headers', (pairs: readonly [string, string][]) => new Headers([...pairs])] as const;
const asMap = ['a Map', (pairs: readonly [string, string][]) => new Map(pairs)] as const;

const peers: readonly HttpPeer[] = [
  {
    name: 'the built-in fetch',
    open: (egress) => fetching(baggageFetch({ egress })),
    shapes: [asRecord, asPairs, asHeaders],
    redirects: 'followed',
  },
  {
    name: "undici's fetch",
    open: (egress) => fetching(baggageFetch({ egress, fetch: undiciFetch as unknown as typeof fetch })),
    shapes: [asRecord, asPairs, asHeaders],
    redirects: 'handed on',
  },
  {
    name: 'node-fetch',
    open: (egress) => fetching(baggageFetch({ egress, fetch: nodeFetch as unknown as typeof fetch })),
    shapes: [asRecord, asPairs, asHeaders],
    redirects: 'handed on',
  },
  {
    name: 'undici',
    open: (egress) => requesting(new Agent().compose(baggageInterceptor({ egress }))),
    shapes: [asRecord, asFlatList, asMap, asHeaders],
    redirects: 'handed on',
  },
  {
    name: 'undici, compose(baggage, redirect)',
    open: (egress) =>
      requesting(
        new Agent().compose(baggageInterceptor({ egress }), interceptors.redirect({ maxRedirections: 3 })),
      ),
    shapes: [asRecord, asFlatList, asMap],
    redirects: 'followed',
  },
  {
    name: 'undici, compose(redirect, baggage)',
    open: (egress) =>
      requesting(
        new Agent().compose(interceptors.redirect({ maxRedirections: 3 }), baggageInterceptor({ egress })),
      ),
    shapes: [asRecord],
    redirects: 'handed on',
  },
  {
    name: 'node:http',
    open: (egress) => {
      const agent = new HttpAgent({ keepAlive: true, maxSockets: 4 });
      const send = baggageRequest({ egress });
      return {
        send: (url, call = {}) => viaNode(send, url, { agent, ...call }),
        close: async () => agent.destroy(),
      };
    },
    shapes: [asRecord],
    redirects: 'handed on',
  },
];

for (const peer of peers) egressContract(peer);

function fetching(fetch: typeof globalThis.fetch): HttpClient {
  return {
    send: async (url, call = {}) => {
      const body =
        call.body === undefined || typeof call.body === 'string' ? call.body : Readable.from(call.body);
      const answer = await fetch(url, { ...call, body, duplex: 'half' } as unknown as RequestInit);
      return { status: answer.status, body: await answer.text(), lane: laneNow() };
    },
  };
}

function requesting(dispatcher: Dispatcher): HttpClient {
  return {
    send: async (url, call = {}) => {
      const body =
        call.body === undefined || typeof call.body === 'string' ? call.body : Readable.from(call.body);
      const answer = await request(url, { ...call, body, dispatcher } as Parameters<typeof request>[1]);
      return { status: answer.statusCode, body: await answer.body.text(), lane: laneNow() };
    },
    close: () => dispatcher.close(),
  };
}

function viaNode(
  send: ReturnType<typeof baggageRequest>,
  url: string,
  { body, ...options }: Omit<RequestOptions, 'headers'> & Call,
): ReturnType<HttpClient['send']> {
  return new Promise((resolve, reject) => {
    const outgoing = send(url, options as RequestOptions, (answer) => {
      const lane = laneNow();
      text(answer).then((whole) => resolve({ status: answer.statusCode ?? 0, body: whole, lane }), reject);
    });
    outgoing.on('error', reject);
    if (body === undefined || typeof body === 'string') outgoing.end(body);
    else Readable.from(body).pipe(outgoing);
  });
}
