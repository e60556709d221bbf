import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Service as ServiceV1 } from '../../src/protocols/flagd/gen/flagd/evaluation/v1/evaluation_pb.ts';
import { Service as ServiceV2 } from '../../src/protocols/flagd/gen/flagd/evaluation/v2/evaluation_pb.ts';
import { FlagSyncService } from '../../src/protocols/flagd/gen/flagd/sync/v1/sync_pb.ts';
import { adminApi } from '../../src/protocols/admin/routes.ts';
import { killApi, type KillOptions } from '../../src/protocols/kill/routes.ts';
import { trafficApi, type TrafficOptions } from '../../src/protocols/traffic/routes.ts';
import { rolloutsApi } from '../../src/protocols/rollouts/routes.ts';
import type { Environments } from '../../src/store/environments.ts';
import type { Tokens } from '../../src/tokens/tokens.ts';
import { scopes, type Scope } from '../../src/tokens/scope.ts';
import { fees, serveFolder, type Served } from '../support/serve.ts';
import { bearer, tokenIn } from '../support/with-tokens.ts';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The scope of each method; the methods that a route does not have require admin. */
const expected: Readonly<Record<string, Readonly<Record<string, Scope>>>> = {
  '/ofrep/v1/evaluate/flags': { POST: 'evaluate' },
  '/ofrep/v1/evaluate/flags/fees': { POST: 'evaluate' },
  '/ofrep/v1/events': { GET: 'evaluate' },
  '/api/v1/openapi.json': { GET: 'evaluate' },
  '/api/v1/requests': { GET: 'admin' },
  '/api/v1/tokens': { GET: 'admin', POST: 'admin' },
  '/api/v1/tokens/x': { DELETE: 'admin' },
  '/api/v1/tokens/x/rotate': { POST: 'admin' },
  '/api/v1/environments': { GET: 'definitions' },
  '/api/v1/environments/x': { GET: 'definitions', PUT: 'write', DELETE: 'admin' },
  '/api/v1/environments/x/flags': { GET: 'definitions' },
  '/api/v1/environments/x/flags/x': {
    GET: 'definitions',
    PUT: 'write',
    PATCH: 'write',
    DELETE: 'write',
  },
  '/api/v1/environments/x/flags/x/history': { GET: 'definitions' },
  '/api/v1/environments/x/segments': { GET: 'definitions' },
  '/api/v1/environments/x/segments/x': { GET: 'definitions', PUT: 'write', DELETE: 'write' },
  '/api/v1/environments/x/segments/x/history': { GET: 'definitions' },
  '/api/v1/environments/x/history': { GET: 'definitions' },
  '/api/v1/environments/x/history/x': { GET: 'definitions' },
  '/api/v1/environments/x/history/x/slis': { GET: 'definitions' },
  '/api/v1/environments/x/history/x/undo': { POST: 'write' },
  '/api/v1/environments/x/flags/x/explain': { POST: 'definitions' },
  '/api/v1/environments/x/flags/x/usage': { GET: 'definitions' },
  '/api/v1/environments/x/usage': { GET: 'definitions' },
  '/api/v1/environments/x/lanes': { GET: 'definitions' },
  '/api/v1/environments/x/map': { GET: 'definitions' },
  '/api/v1/environments/x/contexts': { GET: 'definitions' },
  '/api/v1/environments/x/preview': { POST: 'definitions' },
  '/api/v1/environments/x/rollouts': { GET: 'definitions', POST: 'write' },
  '/api/v1/environments/x/rollouts/x': { GET: 'definitions' },
  '/api/v1/environments/x/rollouts/x/report': { GET: 'definitions' },
  '/api/v1/environments/x/rollouts/x/verdict': { GET: 'definitions' },
  '/api/v1/environments/x/rollouts/x/verdict/pass': { POST: 'definitions' },
  '/api/v1/environments/x/rollouts/x/verdict/fail': { POST: 'definitions' },
  '/api/v1/environments/x/rollouts/x/pause': { POST: 'write' },
  '/api/v1/environments/x/rollouts/x/resume': { POST: 'write' },
  '/api/v1/environments/x/rollouts/x/promote': { POST: 'write' },
  '/api/v1/environments/x/rollouts/x/rollback': { POST: 'write' },
  '/api/v1/environments/x/rollouts/x/finish': { POST: 'write' },
  '/api/v1/environments/x/verify': { GET: 'definitions' },
  '/api/v1/environments/x/stream': { GET: 'definitions' },
  '/api/v1/environments/x/audit': { GET: 'definitions', POST: 'definitions' },
  '/api/v1/environments/x/clients': { GET: 'definitions', POST: 'definitions' },
  '/api/v1/environments/x/kill': { GET: 'definitions', POST: 'write' },
  '/api/v1/environments/x/kill/lanes/x': { DELETE: 'write' },
  '/api/v1/environments/x/kill/flags/x': { DELETE: 'write' },
  '/v1/metrics': { POST: 'definitions' },
  '/v1/traces': { POST: 'definitions' },
  '/v1/logs': { POST: 'definitions' },
  '/nothing': {},
  '/API/v1/environments/x': {},
  '/api//v1/environments/x': {},
};

const services = [
  [ServiceV1, 'evaluate'],
  [ServiceV2, 'evaluate'],
  [FlagSyncService, 'definitions'],
] as const;

let served: Served;
const data = mkdtempSync(`${tmpdir()}/graylane-access-`);
const file = `${data}/tokens.json`;
const tokens = {} as Record<Scope | 'elsewhere' | 'expired', string>;
/** Tokens that no route takes, and the absence of one. */
let refused: ReadonlyArray<readonly [string, Record<string, string>]>;

beforeAll(async () => {
  for (const scope of scopes) tokens[scope] = await tokenIn(file, { name: scope, scope });
  tokens.elsewhere = await tokenIn(file, { name: 'elsewhere', scope: 'admin', environment: 'elsewhere' });
  const yesterday = Date.now() - 86_400_000;
  tokens.expired = await tokenIn(file, { name: 'expired', scope: 'admin', expiresInDays: 0.5 }, yesterday);
  const { admin } = tokens;
  const other = await tokenIn(`${data}/other.json`, { name: 'other', scope: 'admin' });
  refused = [
    ['no token', {}],
    ['an empty one', { authorization: '' }],
    ['a password', { authorization: `Basic ${Buffer.from(`admin:${admin}`).toString('base64')}` }],
    ['the token of another server', bearer(other)],
    ['an expired one', bearer(tokens.expired)],
    ['a truncated one', bearer(admin.slice(0, -1))],
    ['a longer one', bearer(`${admin}A`)],
    ['a token in lower case', bearer(admin.toLowerCase())],
    ['a wrong token beside a right API key', { ...bearer(other), 'x-api-key': admin }],
  ];
  served = await serveFolder({ flags: { fees } }, { tokens: file });
});
afterAll(async () => {
  await served.close();
  rmSync(data, { recursive: true });
});

test.each(['url', 'managementUrl'] as const)(
  'responses of the %s have the headers that browsers need',
  async (port) => {
    for (const [path, headers] of [
      ['/healthz', {}],
      ['/ofrep/v1/evaluate/flags', {}],
      ['/api/v1/environments', bearer(tokens.admin)],
      ['/nothing', bearer(tokens.admin)],
    ] as const) {
      const response = await fetch(`${served[port]}${path}`, { headers });
      await response.text();
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
      });
      expect(response.headers.has('x-powered-by')).toBe(false);
    }
  },
);

test('the table has every route of the admin API', () => {
  const environments = {} as Environments;
  const rollouts = rolloutsApi({ environments, rollouts: { wake: () => {} }, prometheus: [] });
  const traffic = trafficApi({ environments } as TrafficOptions);
  const admin = adminApi(environments, {} as Tokens);
  const kills = killApi({} as KillOptions);
  const stack = [admin, rollouts, traffic, kills].flatMap((router) => router.stack);
  for (const { route } of stack) {
    const path = `/api/v1${route?.path.replaceAll(/:\w+/g, 'x')}`;
    for (const { method } of route?.stack ?? []) {
      if (method !== undefined)
        expect([path, expected[path]?.[method.toUpperCase()]]).toEqual([path, expect.any(String)]);
    }
  }
  expect(stack.length).toBeGreaterThan(10);
});

describe.each(Object.entries(expected))('%s', (path, routes) => {
  test.each(methods)('%s takes the tokens with its scope, and no others', async (method) => {
    const required = routes[method] ?? 'admin';
    const isOfrep = path.startsWith('/ofrep/');
    for (const [what, headers] of refused) {
      const { status, body, challenge } = await send(served.url, method, path, headers);
      expect([what, status]).toEqual([what, 401]);
      expect(challenge).toMatch(/^Bearer realm="graylane"/);
      expect(body === '').toBe(isOfrep);
    }
    const inUrl = `${path}?access_token=${tokens.admin}&token=${tokens.admin}`;
    expect((await send(served.url, method, inUrl, {})).status).toBe(401);
    for (const scope of scopes) {
      const isEnough = scopes.indexOf(scope) >= scopes.indexOf(required);
      for (const headers of [bearer(tokens[scope]), { 'x-api-key': tokens[scope] }]) {
        const { status, body, challenge } = await send(served.url, method, path, headers);
        expect([scope, status !== 401 && status !== 403]).toEqual([scope, isEnough]);
        if (!isEnough)
          expect([body === '', challenge]).toEqual([isOfrep, expect.stringContaining(`scope="${required}"`)]);
      }
    }
    // Routers may read a path more generously than the table: Express ignores capitals.
    if (path.includes('/environments/x')) {
      const { status } = await send(served.url, method, path, bearer(tokens.elsewhere));
      expect(status).toBe(403);
    }
  });
});

describe.each(['url', 'managementUrl'] as const)('health at the %s', (port) => {
  test.each(['/healthz', '/readyz'])('%s is open, and closed to other methods', async (path) => {
    expect((await send(served[port], 'GET', path, {})).status).toBe(200);
    expect((await send(served[port], 'GET', path, bearer('gl_wrong'))).status).toBe(200);
    const refusal = port === 'url' ? 401 : 405;
    for (const method of methods.slice(1))
      expect((await send(served[port], method, path, {})).status).toBe(refusal);
  });
});

describe('the management port', () => {
  test.each(['/healthz', '/readyz', '/metrics', '/lanes', '/revision'])(
    'has the reading %s for every peer',
    async (path) => {
      for (const [, headers] of refused)
        expect((await send(served.managementUrl, 'GET', path, headers)).status).toBe(200);
    },
  );

  test.each(['/', '/debug/', '/debug/requests', '/debug/pprof/heap', '/api/v1/tokens'])(
    'has %s for admin tokens alone, on loopback, too',
    async (path) => {
      // It takes no API key: profilers send a bearer token.
      for (const [what, headers] of refused) {
        const { status, challenge } = await send(served.managementUrl, 'GET', path, headers);
        expect([what, status]).toEqual([what, 401]);
        expect(challenge).toMatch(/^Bearer realm="graylane management"/);
      }
      for (const token of [tokens.evaluate, tokens.definitions, tokens.write, tokens.elsewhere])
        expect((await send(served.managementUrl, 'GET', path, bearer(token))).status).toBe(403);
      const { status } = await send(served.managementUrl, 'GET', path, bearer(tokens.admin));
      expect(status).toBe(path.startsWith('/debug/') ? 200 : 404);
    },
  );
});

test('diagnostics are open on loopback as long as no token exists', async () => {
  const open = await serveFolder({ flags: { fees } });
  try {
    expect((await send(open.managementUrl, 'GET', '/debug/requests', {})).status).toBe(200);
    const foreign = { origin: 'https://evil.example' };
    expect((await send(open.managementUrl, 'GET', '/debug/requests', foreign)).status).toBe(403);
  } finally {
    await open.close();
  }
});

const transports: ReadonlyArray<readonly [string, (baseUrl: string) => Transport]> = [
  ['gRPC', (baseUrl) => createGrpcTransport({ baseUrl })],
  ['gRPC-Web', (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' })],
  ['Connect', (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1' })],
];
describe.each(transports)('%s', (_name, transportTo) => {
  const rpcs = services.flatMap(([service, scope]) =>
    service.methods.map(
      (method) => [`${service.typeName}/${method.name}`, service, method.localName, scope] as const,
    ),
  );
  test.each(rpcs)(
    '%s takes the tokens with its scope, and no others',
    async (_path, service, method, required) => {
      const client = createClient(service, transportTo(`http://127.0.0.1:${served.grpcPort}`));
      const call = client[method as never] as (
        request: object,
        options: object,
      ) => Promise<unknown> | AsyncIterable<unknown>;
      const codeOf = async (headers: Record<string, string>): Promise<Code | undefined> => {
        const ending = new AbortController();
        try {
          const response = call({ flagKey: 'fees' }, { headers, signal: ending.signal });
          if (Symbol.asyncIterator in response) await response[Symbol.asyncIterator]().next();
          else await response;
          return undefined;
        } catch (error) {
          return ConnectError.from(error).code;
        } finally {
          ending.abort();
        }
      };
      for (const [what, headers] of refused)
        expect([what, await codeOf(headers)]).toEqual([what, Code.Unauthenticated]);
      for (const scope of scopes) {
        const isEnough = scopes.indexOf(scope) >= scopes.indexOf(required);
        const code = await codeOf(bearer(tokens[scope]));
        if (isEnough) expect([Code.Unauthenticated, Code.PermissionDenied]).not.toContain(code);
        else expect([scope, code]).toEqual([scope, Code.PermissionDenied]);
      }
      // A call that names no environment is of the token's own; this one does not exist.
      const elsewhere = await codeOf({ ...bearer(tokens.elsewhere), 'graylane-environment': 'default' });
      const followsLater = method === 'getMetadata';
      expect(elsewhere).toBe(followsLater ? undefined : Code.PermissionDenied);
    },
  );
});

async function send(
  base: string,
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: string; challenge: string | null }> {
  const ending = new AbortController();
  const response = await fetch(`${base}${path}`, { method, headers, signal: ending.signal });
  const { status } = response;
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
  const body = isStream ? '' : await response.text();
  ending.abort();
  return { status, body, challenge: response.headers.get('www-authenticate') };
}
