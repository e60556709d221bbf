import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { managementServer, type ManagementOptions } from '@graylane/telemetry/management';
import { describe, expect, test } from 'vitest';

const quiet = { port: 0, crash: false, heapSampling: false, memoryTimeline: false } as const;
const token = 'a-token-of-the-test';
const readings = ['/metrics', '/healthz', '/readyz', '/lanes', '/revision'];
const diagnostics = ['/debug/', '/debug/requests', '/debug/slowest', '/debug/decisions'];

/** The status of a request from 127.0.0.1, with headers that `fetch` would not let through. */
async function status(
  options: ManagementOptions,
  path: string,
  headers: Record<string, string> = {},
): Promise<number> {
  const server = managementServer({ ...quiet, ...options });
  const { port } = new URL((await server.listening) ?? '');
  try {
    return await new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, path, headers }, (response) => {
        void text(response).then(() => {
          resolve(response.statusCode ?? 0);
        });
      })
        .on('error', reject)
        .end();
    });
  } finally {
    await server.close();
  }
}

const open = { host: '0.0.0.0' };
const guarded = { host: '0.0.0.0', token };
const bearer = (given: string): Record<string, string> => ({ authorization: `Bearer ${given}` });

describe('readings', () => {
  test.each(readings)('%s is open to every peer, by any name, with and without a token', async (path) => {
    for (const options of [{}, open, guarded]) {
      expect(await status(options, path, { host: '10.1.2.3:9464' })).toBe(200);
    }
  });
});

describe('diagnostics', () => {
  test.each(diagnostics)('%s is open on loopback', async (path) => {
    expect(await status({}, path)).toBe(200);
    expect(await status({}, path, { host: 'localhost:9464' })).toBe(200);
  });

  test.each([...diagnostics, '/debug/no-such-path'])(
    '%s needs the token on any other address, also from loopback',
    async (path) => {
      expect(await status(guarded, path)).toBe(401);
      expect(await status(guarded, path, bearer('a-token-of-the-tesT'))).toBe(401);
      expect(await status(guarded, path, { authorization: `Basic ${token}` })).toBe(401);
      expect(await status(guarded, path, bearer(token))).toBe(path === '/debug/no-such-path' ? 404 : 200);
    },
  );

  test('are closed on any other address where there is no token', async () => {
    expect(await status(open, '/debug/requests')).toBe(403);
    expect(await status(open, '/debug/requests', bearer(''))).toBe(403);
  });

  test('take the tokens that a function knows, e.g. those of a flag server', async () => {
    const options = { ...open, token: async (given: string) => Promise.resolve(given === 'gl_admin') };
    expect(await status(options, '/debug/requests', bearer('gl_admin'))).toBe(200);
    expect(await status(options, '/debug/requests', bearer('gl_other'))).toBe(401);
  });

  test('need a token on loopback, too, from the moment at which a function requires it', async () => {
    let required = false;
    const options: ManagementOptions = {
      tokenOnLoopback: () => required,
      token: (given) => (given === 'gl_admin' ? true : given === 'gl_reader' && 'insufficient'),
    };
    expect(await status(options, '/debug/requests')).toBe(200);
    required = true;
    expect(await status(options, '/debug/requests')).toBe(401);
    expect(await status(options, '/debug/requests', bearer('gl_reader'))).toBe(403);
    expect(await status(options, '/debug/requests', bearer('gl_admin'))).toBe(200);
    expect(await status(options, '/metrics')).toBe(200);
  });

  test.each([
    ['a name that was made to resolve to loopback', { host: 'evil.example:9464' }],
    ['a name that begins as an address of loopback', { host: '127.0.0.1.evil.example' }],
    ['another origin', { origin: 'https://evil.example' }],
    ['an opaque origin', { origin: 'null' }],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another port of this machine', { 'sec-fetch-site': 'same-site' }],
  ])('are not served on loopback to a web page with %s', async (_name, headers) => {
    expect(await status({}, '/debug/requests', headers)).toBe(403);
  });
});
