import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { baggageMiddleware } from '@graylane/baggage/express';
import { laneMetrics, setRoute, tagRequests } from '@graylane/telemetry';
import { managementServer, type ManagementServer } from '@graylane/telemetry/management';
import express from 'express';
import { afterAll, beforeAll, expect, test } from 'vitest';

let app: Server;
let bare: Server;
let management: ManagementServer;
let url = '';
let admin = '';
let release: (() => void) | undefined;

beforeAll(async () => {
  const metrics = laneMetrics({ lanes: ['gray'], labels: { tenant: ['acme'] } });
  const service = express();
  service.use(metrics);
  service.use(
    baggageMiddleware({
      ingress: { mode: 'strip' },
      dye: {
        client: { getStringValue: async (_flag, fallback, { lane }) => String(lane ?? fallback) },
        evaluationContext: (request) => ({ lane: request.get('x-lane') }),
      },
    }),
  );
  service.use(tagRequests({ tenant: { header: 'x-tenant' } }));
  service.get('/orders/:id', (_request, response) => void response.json({}));
  service.get('/fail', (_request, response) => void response.status(503).end());
  service.get('/wait', (_request, response) => {
    release = () => void response.end();
  });
  app = service.listen(0, '127.0.0.1');
  bare = createServer((request, response) => {
    metrics(request, response, () => {
      setRoute(request, '/bare/:id');
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await Promise.all([once(app, 'listening'), once(bare, 'listening')]);
  url = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
  management = managementServer({ port: 0, crash: false, heapSampling: false });
  admin = (await management.listening) ?? '';
});

afterAll(async () => {
  app.close();
  bare.close();
  await management.close();
});

async function counted(labels: string): Promise<number> {
  const metrics = await (await fetch(`${admin}/metrics`)).text();
  const line = metrics
    .split('\n')
    .find((each) => each.startsWith(`http_server_request_duration_seconds_count{${labels}}`));
  return Number(line?.split(' ')[1] ?? 0);
}

test('counts requests by method, route, status, lane and known tags; the lane is the one of the dye', async () => {
  const get = (path: string, lane: string, tenant = ''): Promise<Response> =>
    fetch(`${url}${path}`, { headers: { 'x-lane': lane, 'x-tenant': tenant } });
  await Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      get(`/orders/${index}`, ['baseline', 'gray', 'stranger'][index % 3] ?? ''),
    ),
  );
  await get('/orders/1', 'gray', 'acme');
  await get('/orders/1', 'gray', 'umbrella');
  await get('/fail', 'gray');
  await get('/no/such/path', 'gray');
  const orders = 'http_request_method="GET",http_route="/orders/:id",http_response_status_code="200"';
  await expect.poll(async () => counted(`${orders},lane="baseline",tenant=""`)).toBe(20);
  expect(await counted(`${orders},lane="gray",tenant=""`)).toBe(20);
  expect(await counted(`${orders},lane="other",tenant=""`)).toBe(20);
  expect(await counted(`${orders},lane="gray",tenant="acme"`)).toBe(1);
  expect(await counted(`${orders},lane="gray",tenant="other"`)).toBe(1);
  const method = 'http_request_method="GET"';
  expect(
    await counted(`${method},http_route="/fail",http_response_status_code="503",lane="gray",tenant=""`),
  ).toBe(1);
  expect(await counted(`${method},http_route="",http_response_status_code="404",lane="gray",tenant=""`)).toBe(
    1,
  );
});

test('works without a framework, where the route is named', async () => {
  await fetch(`http://127.0.0.1:${(bare.address() as AddressInfo).port}/bare/7`, { method: 'PROPFIND' });
  const labels =
    'http_request_method="_OTHER",http_route="/bare/:id",http_response_status_code="200",lane="baseline",tenant=""';
  await expect.poll(async () => counted(labels)).toBe(1);
});

test('the trace of the caller is an exemplar, in OpenMetrics', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  await fetch(`${url}/orders/1`, { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } });
  const openMetrics = async (): Promise<string> =>
    (await fetch(`${admin}/metrics`, { headers: { accept: 'application/openmetrics-text' } })).text();
  await expect
    .poll(openMetrics)
    .toMatch(
      new RegExp(
        `le="[\\d.]+"} \\d+ # {trace_id="${traceId}",span_id="b7ad6b7169203331"} [\\d.]+ \\d+\\.\\d+\\n`,
      ),
    );
  expect(await (await fetch(`${admin}/metrics`)).text()).not.toContain('trace_id');
});

test('requests in flight and the slowest ones show route, lane, age and trace', async () => {
  const traceId = '1af7651916cd43dd8448eb211c80319c';
  const waiting = fetch(`${url}/wait`, {
    headers: { 'x-lane': 'gray', traceparent: `00-${traceId}-b7ad6b7169203331-01` },
  });
  const inFlight = async (): Promise<unknown> => (await fetch(`${admin}/debug/requests`)).json();
  await expect.poll(inFlight).toMatchObject({
    total: 1,
    requests: [
      { protocol: 'http', method: 'GET', route: '/wait', lane: 'gray', ageMs: expect.any(Number), traceId },
    ],
    resources: { TCPSocketWrap: expect.any(Number) },
  });
  release?.();
  await (await waiting).text();
  await expect.poll(inFlight).toMatchObject({ total: 0, requests: [] });
  const slowest = (await (await fetch(`${admin}/debug/slowest`)).json()) as { gray: { route: string }[] };
  expect(slowest.gray.map(({ route }) => route)).toContain('/wait');
});

test('routes that served traffic and have no indicator are listed', async () => {
  const { sli } = await import('@graylane/telemetry');
  sli('orders', { kind: 'latency', thresholdSeconds: 0.3, routes: ['GET /orders/:id'] });
  expect(await (await fetch(`${admin}/debug/slis`)).json()).toMatchObject({
    slis: { orders: { kind: 'latency' } },
    routesWithoutSli: expect.arrayContaining(['GET /fail', 'GET /wait']) as unknown,
  });
});
