import { baggageFetch } from '@graylane/baggage/fetch';
import { baggageRequest } from '@graylane/baggage/http';
import type { EgressPolicy } from '@graylane/baggage';
import axios from 'axios';
import { got, type Method } from 'got';
import ky from 'ky';
import { Readable } from 'node:stream';
import superagent from 'superagent';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { egressContract, laneNow, type Call, type HttpClient, type HttpPeer } from './egress-contract.ts';
import { listen, type Listener } from './http-listener.ts';
import { inRequest } from './in-request.ts';

/** The libraries that services use most, each as docs/adapters/http.md sets it up. */
const peers: readonly HttpPeer[] = [
  { name: 'axios', open: throughAxios, shapes: [asRecord()], redirects: 'followed' },
  { name: 'got', open: throughGot, shapes: [asRecord()], redirects: 'followed' },
  { name: 'ky', open: throughKy, shapes: [asRecord(), asPairs(), asHeaders()], redirects: 'followed' },
  { name: 'superagent', open: throughSuperagent, shapes: [asRecord()], redirects: 'followed' },
];

for (const peer of peers) egressContract(peer);

describe('a redirect to another origin', () => {
  let orders: Listener;
  let partner: Listener;

  beforeAll(async () => {
    orders = await listen();
    partner = await listen();
  });
  afterAll(async () => {
    await orders.close();
    await partner.close();
  });

  test.each(peers.map((peer) => [peer.name, peer] as const))(
    'carries no dye there: %s',
    async (_name, { open }) => {
      const client = open({ to: { [orders.origin]: ['lane', 'user-id'] } });
      const before = partner.received.all.length;
      const to = encodeURIComponent(`${partner.origin}/pay`);
      const answer = await inRequest('lane=gray,user-id=ada', () => client.send(`${orders.origin}/to/${to}`));
      expect(answer).toMatchObject({ status: 200, body: 'ok' });
      expect(orders.received.all.at(-1)?.baggage).toEqual(['lane=gray,user-id=ada']);
      expect(partner.received.all.slice(before).map(({ baggage }) => baggage)).toEqual([[]]);
      await client.close?.();
    },
  );
});

function throughAxios(egress: EgressPolicy): HttpClient {
  const client = axios.create({
    adapter: 'fetch',
    env: { fetch: baggageFetch({ egress }) },
    responseType: 'text',
    validateStatus: () => true,
  });
  return {
    send: async (url, { method = 'GET', headers, body, signal } = {}) => {
      const data = typeof body === 'string' || body === undefined ? body : await textOf(body);
      const response = await client.request<string>({
        url,
        method,
        headers: headers as Record<string, string>,
        data,
        ...(signal && { signal }),
      });
      return { status: response.status, body: response.data, lane: laneNow() };
    },
  };
}

function throughGot(egress: EgressPolicy): HttpClient {
  const client = got.extend({
    request: baggageRequest({ egress }),
    throwHttpErrors: false,
    retry: { limit: 0 },
  });
  return {
    send: async (url, { method = 'GET', headers, body, signal } = {}) => {
      const response = await client(url, {
        method: method as Method,
        headers: headers as Record<string, string>,
        ...(body !== undefined && { body: typeof body === 'string' ? body : Readable.from(body) }),
        ...(signal && { signal }),
      });
      return { status: response.statusCode, body: response.body, lane: laneNow() };
    },
  };
}

function throughKy(egress: EgressPolicy): HttpClient {
  const client = ky.create({ fetch: baggageFetch({ egress }), throwHttpErrors: false, retry: 0 });
  return {
    send: async (url, { body, ...call } = {}) => {
      const sent =
        body === undefined || typeof body === 'string' ? body : Readable.toWeb(Readable.from(body));
      const options = { ...call, body: sent, duplex: 'half' };
      const response = await client(url, options as Parameters<typeof client>[1]);
      return { status: response.status, body: await response.text(), lane: laneNow() };
    },
  };
}

function throughSuperagent(egress: EgressPolicy): HttpClient {
  const request = baggageRequest({ egress });
  const protocols = { 'http:': { request }, 'https:': { request } };
  return {
    send: async (url, call = {}) => {
      Object.assign((superagent as unknown as { protocols: object }).protocols, protocols);
      return viaSuperagent(url, call);
    },
  };
}

async function viaSuperagent(
  url: string,
  { method = 'GET', headers, body, signal }: Call,
): ReturnType<HttpClient['send']> {
  const request = superagent(method, url).ok(() => true);
  if (headers !== undefined) void request.set(headers as Record<string, string>);
  if (body !== undefined)
    void request.type('text/plain').send(typeof body === 'string' ? body : await textOf(body));
  signal?.addEventListener('abort', () => {
    request.abort();
  });
  return new Promise((resolve, reject) => {
    request.on('abort', () => reject(new Error('aborted')));
    request.end((error, response) => {
      if (response) resolve({ status: response.status, body: response.text, lane: laneNow() });
      else reject(error as Error);
    });
  });
}

async function textOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const piece of pieces) chunks.push(piece);
  return Buffer.concat(chunks).toString();
}

function asRecord() {
  return ['a record', Object.fromEntries<string>] as const;
}

function asPairs() {
  return ['pairs', (pairs: readonly [string, string][]) => pairs] as const;
}

function asHeaders() {
  return ['Headers', (pairs: readonly [string, string][]) => new Headers([...pairs])] as const;
}
