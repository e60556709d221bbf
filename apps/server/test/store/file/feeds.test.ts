import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { createServer, type RunningServer, type Settings } from '@graylane/server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { admin } from '../../support/admin.ts';
import { fees } from '../../support/serve.ts';

const on = { ...fees, defaultVariant: 'on', targeting: {} };
let folder: string;
let logged: string[];
let server: RunningServer | undefined;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-feeds-`);
  logged = [];
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

describe('several flags files', () => {
  test('are merged, and followed as they change', async () => {
    write('a.json', { flags: { fees, other: fees } });
    write('b.json', { flags: { other: on } });
    await start({ files: [`${folder}/a.json`, `${folder}/b.json`] });
    expect(await flags()).toEqual({ fees, other: on });
    write('b.json', { flags: { fees: on } });
    await expect.poll(flags).toEqual({ fees: on, other: fees });
    const [newest] = (await ask('GET', 'history')).body['revisions'] as Array<{ author: string }>;
    expect(newest?.author).toBe(`${folder}/a.json, ${folder}/b.json`);
  });

  test('stay in force while one of them is faulty, which health and the log report', async () => {
    write('a.json', { flags: { fees } });
    write('b.json', { flags: { other: fees } });
    await start({ files: [`${folder}/a.json`, `${folder}/b.json`] });
    writeFileSync(`${folder}/b.json`, '{');
    await expect.poll(health).toMatchObject({ status: 'degraded' });
    expect(JSON.stringify(await health())).toContain(`${folder}/b.json is not a flag document`);
    expect(logged.join('\n')).toContain('the last good rules stay in force');
    expect(await flags()).toEqual({ fees, other: fees });
    write('b.json', { flags: { other: on } });
    await expect.poll(flags).toEqual({ fees, other: on });
    await expect.poll(health).toMatchObject({ status: 'ok' });
  });

  test('refuse writes with the remedy', async () => {
    write('a.json', { flags: { fees } });
    write('b.json', { flags: {} });
    await start({ files: [`${folder}/a.json`, `${folder}/b.json`] });
    const refused = await ask('PUT', 'flags/fees', { body: on, headers: { 'if-match': '*' } });
    expect([refused.status, refused.body['detail']]).toEqual([
      403,
      expect.stringContaining('edit the files, or serve a data folder with --data'),
    ]);
  });

  test('of a mounted ConfigMap are followed when its link is replaced', async () => {
    mkdirSync(`${folder}/first`);
    mkdirSync(`${folder}/second`);
    write('first/a.json', { flags: { fees } });
    write('second/a.json', { flags: { fees: on } });
    write('b.json', { flags: { other: fees } });
    symlinkSync('first', `${folder}/..data`);
    symlinkSync('..data/a.json', `${folder}/a.json`);
    await start({ files: [`${folder}/a.json`, `${folder}/b.json`] });
    symlinkSync('second', `${folder}/..data_tmp`);
    renameSync(`${folder}/..data_tmp`, `${folder}/..data`);
    await expect.poll(flags).toEqual({ fees: on, other: fees });
  });

  test('that can not be read keep the server from starting, and are named', async () => {
    write('a.json', { flags: { fees } });
    await expect(start({ files: [`${folder}/a.json`, `${folder}/none.json`] })).rejects.toThrow(
      `the flags file ${folder}/none.json can't be read: ENOENT`,
    );
  });
});

describe('a flags file at an address', () => {
  let site: Site;

  beforeEach(async () => {
    site = await Site.open();
  });
  afterEach(() => site.close());

  test('is transferred again only when it has changed', async () => {
    site.serve({ flags: { fees } });
    await start(web(site));
    expect(await flags()).toEqual({ fees });
    await expect.poll(() => site.statuses.filter((status) => status === 304).length).toBeGreaterThan(1);
    site.serve({ flags: { fees: on } });
    await expect.poll(flags).toEqual({ fees: on });
    expect(site.statuses.filter((status) => status === 200)).toHaveLength(2);
  });

  test('gets the token, which appears nowhere else', async () => {
    site.serve({ flags: { fees } });
    await start(web(site, { token: 'secret-of-the-site' }));
    expect(site.authorization).toBe('Bearer secret-of-the-site');
    const body = JSON.stringify([(await ask('GET', 'history')).body, await health(), logged]);
    expect(body).not.toContain('secret-of-the-site');
  });

  test('is kept on disk, for a start while the address does not respond', async () => {
    const copy = `${folder}/copy.json`;
    site.serve({ flags: { fees } });
    await start(web(site, { copy }));
    await expect.poll(() => existsSync(copy)).toBe(true);
    await server?.close();
    site.fail(503);
    await start(web(site, { copy }));
    expect(await flags()).toEqual({ fees });
    await expect.poll(health).toMatchObject({ status: 'degraded' });
    site.serve({ flags: { fees: on } });
    await expect.poll(flags).toEqual({ fees: on });
    await expect.poll(health).toMatchObject({ status: 'ok' });
    await expect.poll(() => JSON.parse(readFileSync(copy, 'utf8'))).toEqual({ flags: { fees: on } });
  });

  test.each([
    ['an HTML page', '<html>Sign in</html>', 'is not a flag document'],
    ['a broken flag', JSON.stringify({ flags: { fees: { ...fees, variants: {} } } }), 'has faults'],
  ])('that turns into %s is not taken over', async (_case, text, message) => {
    site.serve({ flags: { fees } });
    await start(web(site));
    site.serve(text);
    await expect.poll(async () => JSON.stringify(await health())).toContain(message);
    expect(await flags()).toEqual({ fees });
  });

  test.each([
    [401, 'it responds with 401: give a token with GRAYLANE_FLAGS_TOKEN'],
    [302, 'it redirects to https://elsewhere.example/: use that address'],
    [304, 'it responds with 304; keep a copy for this case with --flags-copy FILE'],
    [500, 'it responds with 500; keep a copy for this case with --flags-copy FILE'],
  ])('that responds with %i at the start is an error with the remedy', async (status, message) => {
    site.fail(status);
    await expect(start(web(site))).rejects.toThrow(message);
  });

  test('that has no flag document at the start is an error with the place of the fault', async () => {
    site.serve('<html>Sign in</html>');
    await expect(start(web(site))).rejects.toThrow(
      /is not a flag document; .*\n {2}\$: the document is not JSON: .*line 1, column 1/,
    );
  });

  function web(to: Site, options: { token?: string; copy?: string } = {}): Settings['source'] {
    return { web: { url: to.url, intervalSeconds: 1, token: undefined, copy: undefined, ...options } };
  }
});

async function start(source: Settings['source']): Promise<void> {
  const log = { info: (text: string) => logged.push(text), warn: (text: string) => logged.push(text) };
  server = await createServer({ source, port: 0, grpcPort: 0, managementPort: 0 }, log);
}

function ask(...request: Parameters<ReturnType<typeof admin>>): ReturnType<ReturnType<typeof admin>> {
  return admin(`http://127.0.0.1:${server?.port}`)(...request);
}

async function flags(): Promise<unknown> {
  return (await ask('GET', 'flags')).body['flags'];
}

async function health(): Promise<unknown> {
  return (await fetch(`http://127.0.0.1:${server?.port}/healthz`)).json();
}

function write(name: string, document: object): void {
  writeFileSync(`${folder}/${name}`, JSON.stringify(document));
}

/** A web server with one document, and entity tags. */
class Site {
  readonly url: string;
  readonly statuses: number[] = [];
  authorization: string | undefined;
  readonly #server: Server;
  #text = '';
  #version = 0;
  #failure: number | undefined;

  static async open(): Promise<Site> {
    const httpServer = createHttpServer();
    await once(httpServer.listen(0, '127.0.0.1'), 'listening');
    return new Site(httpServer);
  }

  private constructor(httpServer: Server) {
    this.#server = httpServer;
    this.url = `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}/flags.json`;
    httpServer.on('request', (request, response) => {
      this.authorization = request.headers.authorization;
      const etag = `"${this.#version}"`;
      const status = this.#failure ?? (request.headers['if-none-match'] === etag ? 304 : 200);
      this.statuses.push(status);
      const location = status === 302 ? { location: 'https://elsewhere.example/' } : {};
      response.writeHead(status, { etag, ...location }).end(status === 200 ? this.#text : undefined);
    });
  }

  serve(document: object | string): void {
    this.#text = typeof document === 'string' ? document : JSON.stringify(document);
    this.#version += 1;
    this.#failure = undefined;
  }

  fail(status: number): void {
    this.#failure = status;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
