import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { consoleFiles } from '../../src/http/console/console-files.ts';
import { fees, serveFolder, type Served } from '../support/serve.ts';
import { tokenIn } from '../support/with-tokens.ts';

const script = `${'const lane = "gray";'.repeat(100)}\n`;
const folder = mkdtempSync(`${tmpdir()}/graylane-console-`);
let files: Server;
let url: string;

beforeAll(async () => {
  mkdirSync(`${folder}/assets`);
  writeFileSync(`${folder}/index.html`, '<!doctype html><title>graylane</title>');
  writeFileSync(`${folder}/icon.svg`, '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(`${folder}/assets/index-1a2b3c.js`, script);
  writeFileSync(`${folder}/secret.txt`, 'not a page');
  ({ server: files, url } = await serveFiles(consoleFiles([`${folder}/`])));
});
afterAll(() => {
  files.close();
  rmSync(folder, { recursive: true });
});

describe('the files of the console', () => {
  test.each(['/', '/e/default/lanes', '/e/default/flags/new%20fees', '/tokens', '/sign-in?back=%2F'])(
    '%s is the page, which is checked for a newer one at each visit',
    async (path) => {
      const response = await fetch(`${url}${path}`);
      expect(await response.text()).toContain('<title>graylane</title>');
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'content-security-policy': expect.stringMatching(/^default-src 'self';/),
        etag: expect.stringMatching(/^"[\w-]{22}"$/),
      });
    },
  );

  test('assets are kept for ever, and compressed', async () => {
    const response = await fetch(`${url}/assets/index-1a2b3c.js`);
    expect(await response.text()).toBe(script);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      'content-encoding': 'gzip',
      vary: 'accept-encoding',
    });
    expect(Number(response.headers.get('content-length'))).toBeLessThan(script.length / 10);
  });

  test('a client without gzip gets the file as it is', async () => {
    const response = await fetch(`${url}/assets/index-1a2b3c.js`, {
      headers: { 'accept-encoding': 'identity' },
    });
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(Number(response.headers.get('content-length'))).toBe(script.length);
    expect(await response.text()).toBe(script);
  });

  test('a page that the browser has is not sent again', async () => {
    const first = await fetch(`${url}/`);
    await first.text();
    const etag = first.headers.get('etag') as string;
    for (const sent of [etag, `"other", W/${etag}`]) {
      const again = await fetch(`${url}/`, { headers: { 'if-none-match': sent } });
      expect([again.status, await again.text()]).toEqual([304, '']);
    }
  });

  test('HEAD has the headers alone', async () => {
    const response = await fetch(`${url}/`, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(response.headers.get('content-length')).toBe('38');
  });

  test.each([
    ['GET', '/assets/index-old.js'],
    ['GET', '/assets/..%2fsecret.txt'],
    ['GET', '/secret.txt'],
    ['GET', '/index.html/x'],
    ['GET', '/api/v1/environments'],
    ['GET', '/healthz'],
    ['POST', '/'],
    ['DELETE', '/e/default/lanes'],
  ])('%s %s is left to other routes', async (method, path) => {
    expect((await fetch(`${url}${path}`, { method })).status).toBe(404);
  });

  test('without a build, the page names the command that makes it', async () => {
    const bare = await serveFiles(consoleFiles([`${folder}/nothing/`]));
    const response = await fetch(`${bare.url}/e/default/lanes`);
    expect([response.status, await response.text()]).toEqual([
      200,
      expect.stringContaining('<pre>npm run build</pre>'),
    ]);
    bare.server.close();
  });
});

describe('a server that requires tokens', () => {
  let served: Served;
  const file = `${folder}/tokens.json`;

  beforeAll(async () => {
    await tokenIn(file, { name: 'admin', scope: 'admin' });
    served = await serveFolder({ flags: { fees } }, { tokens: file });
  });
  afterAll(() => served.close());

  test.each(['/', '/e/default/flags/fees/history', '/sign-in'])(
    'serves the page %s without one',
    async (path) => {
      const response = await fetch(`${served.url}${path}`);
      expect([response.status, response.headers.get('content-type')]).toEqual([
        200,
        'text/html; charset=utf-8',
      ]);
      expect(await response.text()).toContain('graylane');
    },
  );

  test.each(['/e/default/flags/fees/history/1', '/index.html', '/assets', '/api/v1/environments'])(
    'serves nothing at %s without one',
    async (path) => {
      expect((await fetch(`${served.url}${path}`)).status).toBe(401);
    },
  );

  test('the management port has no console', async () => {
    expect((await fetch(`${served.managementUrl}/`)).status).toBe(401);
  });
});

async function serveFiles(
  serveFile: ReturnType<typeof consoleFiles>,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    if (serveFile(request, response)) return;
    response.statusCode = 404;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
