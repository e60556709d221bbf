import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendRequest, type Received } from '../support/send-request.ts';
import { fees, serve, type Served } from '../support/serve.ts';

let served: Served;
let port: string;

beforeAll(async () => {
  served = await serve(
    { flags: { fees } },
    {
      allowHosts: ['Flags.internal'],
      allowOrigins: ['https://shop.example', 'https://*.shop.example', 'http://localhost:*'],
    },
  );
  ({ port } = new URL(served.url));
});
afterAll(() => served.close());

const evaluate = '/ofrep/v1/evaluate/flags';
const flag = '/api/v1/environments/default/flags/new';

describe('a page that has made its own name mean this machine', () => {
  test.each([
    'evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'notlocalhost',
    '[::2]',
    '',
  ])('reads nothing and writes nothing as %s', async (host) => {
    for (const [method, path] of [
      ['GET', '/healthz'],
      ['GET', '/api/v1/environments/default/stream'],
      ['POST', evaluate],
      ['PUT', flag],
    ] as const) {
      const answer = await send(method, path, { host: `${host}:${port}` });
      expect(answer.status).toBe(421);
      expect(answer.body).toContain('--allow-host');
    }
  });

  test.each([
    'localhost',
    'LOCALHOST',
    'flags.localhost',
    '127.0.0.1',
    '127.1.2.3',
    '[::1]',
    'flags.INTERNAL',
  ])('is not meant by %s', async (host) => {
    expect((await send('GET', '/healthz', { host: `${host}:${port}` })).status).toBe(200);
    expect((await send('GET', '/healthz', { host })).status).toBe(200);
  });

  test('reads health at the management port, as a kubelet does, and nothing else', async () => {
    const { port: management } = new URL(served.managementUrl);
    for (const path of ['/healthz', '/readyz?verbose']) {
      expect((await send('GET', path, { host: '10.1.2.3' }, management)).status).toBe(200);
    }
    for (const path of ['/debug/requests', '/debug/', '/']) {
      expect((await send('GET', path, { host: 'evil.example' }, management)).status).toBe(403);
    }
  });
});

describe('a page from elsewhere', () => {
  test.each([
    'https://evil.example',
    'null',
    'https://localhost:1',
    'http://localhost.evil.example',
    'http://a.shop.example',
    'https://a.shop.example:444',
    'https://a.shop.example.evil.example',
    'https://ashop.example',
    'https://.shop.example',
    'https://shop.example.evil.example',
  ])('of %s writes nothing', async (origin) => {
    for (const [method, path] of [
      ['PUT', flag],
      ['DELETE', flag],
      ['POST', evaluate],
    ] as const) {
      expect((await send(method, path, { origin })).status).toBe(403);
    }
  });

  test('of the server itself, or one that was allowed, may', async () => {
    for (const origin of [
      `http://127.0.0.1:${port}`,
      'https://shop.example',
      'https://SHOP.example',
      'https://a.shop.example',
      'https://a.b-2.shop.example',
      'http://localhost',
      'http://localhost:5173',
    ]) {
      expect((await send('POST', evaluate, { origin })).status).toBe(200);
      // The admin API's own refusal: there is no flag in the body.
      expect((await send('PUT', flag, { origin })).status).toBe(415);
    }
  });

  test('reads evaluations, but no definitions, where it was allowed', async () => {
    const origin = 'https://shop.example';
    const preflight = await send('OPTIONS', evaluate, { origin, 'access-control-request-method': 'POST' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-headers']).toContain('if-none-match');
    const answer = await send('POST', evaluate, { origin });
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'etag, retry-after',
      vary: expect.stringMatching(/origin/i),
    });
    expect((await send('GET', flag, { origin })).headers).not.toHaveProperty('access-control-allow-origin');
    const stranger = await send('OPTIONS', evaluate, { origin: 'https://evil.example' });
    expect(stranger.headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('is named in the log with the remedy where its preflight was refused, once', async () => {
    const origin = 'http://app.localhost:3000';
    for (const path of [evaluate, '/ofrep/v1/events', evaluate]) {
      const preflight = await send('OPTIONS', path, { origin, 'access-control-request-method': 'POST' });
      expect([preflight.status, preflight.headers.allow]).toEqual([405, path === evaluate ? 'POST' : 'GET']);
    }
    const about = served.logged.filter((line) => line.includes(origin));
    expect(about).toEqual([expect.stringContaining(`--allow-origin ${origin}`)]);
  });

  test('is named in the log where it may evaluate, and its preflight was for another path', async () => {
    for (const path of [flag, flag]) {
      const origin = 'https://shop.example';
      const preflight = await send('OPTIONS', path, { origin, 'access-control-request-method': 'PUT' });
      expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([405, undefined]);
    }
    const about = served.logged.filter((line) => line.includes('"https://shop.example"'));
    expect(about).toEqual([expect.stringContaining(`${flag}": pages of other origins may evaluate`)]);
  });

  test('that can not be allowed is logged without that remedy', async () => {
    await send('OPTIONS', evaluate, { origin: 'null', 'access-control-request-method': 'POST' });
    const about = served.logged.filter((line) => line.includes('"null"'));
    expect(about).toEqual([expect.stringContaining('only pages of http and https can be allowed')]);
  });
});

test.each([
  ['GET', evaluate, 'POST'],
  ['PUT', `${evaluate}/fees`, 'POST'],
  ['POST', '/ofrep/v1/events', 'GET'],
  ['POST', '/api/v1/environments/default/stream', 'GET'],
  ['POST', '/api/v1/environments', 'GET'],
  ['POST', '/api/v1/openapi.json', 'GET'],
  ['DELETE', '/healthz', 'GET'],
  ['POST', '/readyz', 'GET'],
])('%s %s is 405 with Allow: %s', async (method, path, allow) => {
  const response = await send(method, path, {});
  expect([response.status, response.headers.allow]).toEqual([405, allow]);
});

async function send(
  method: string,
  path: string,
  headers: Record<string, string>,
  to: string = port,
): Promise<Received> {
  return sendRequest({ port: to, method, path, headers });
}
