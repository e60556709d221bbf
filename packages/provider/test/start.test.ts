import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { GraylaneProvider } from '@graylane/provider';
import type { FlagSink } from '@graylane/source';
import { ErrorCode, OpenFeature, ProviderStatus } from '@openfeature/server-sdk';
import { afterEach, describe, expect, test } from 'vitest';

const flag = { state: 'ENABLED', variants: { on: true }, defaultVariant: 'on' };
const eventStream = { 'content-type': 'text/event-stream' };
const snapshot = `event: snapshot\ndata: ${JSON.stringify({ revision: '1', document: { flags: { a: flag } } })}\n\n`;
let server: Server | undefined;

afterEach(async () => {
  await OpenFeature.close();
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

describe('a start that waits for its server', () => {
  test.each([
    [
      'by itself',
      (provider: GraylaneProvider) => provider.initialize(),
      (provider: GraylaneProvider) => provider.onClose(),
    ],
    [
      'under the SDK',
      (provider: GraylaneProvider) => OpenFeature.setProviderAndWait(provider),
      () => OpenFeature.close(),
    ],
  ])('ends when the provider is closed, %s', async (_case, start, close) => {
    const url = await serve(() => {});
    const provider = new GraylaneProvider({ source: { url }, startTimeoutMs: 1_000_000 });
    const started = start(provider).then(
      () => 'started',
      (error: Error) => error.message,
    );
    await once(server as Server, 'request');
    await close(provider);
    expect(await started).toBe('the provider was closed before it had flags');
  });

  test('lets the process end when the provider is closed', async () => {
    const url = await serve(() => {});
    const script = `
      import { GraylaneProvider } from '@graylane/provider';
      const provider = new GraylaneProvider({ source: { url: '${url}' }, startTimeoutMs: 1_000_000 });
      provider.initialize().catch(({ message }) => console.log(message));
      setTimeout(() => provider.onClose(), 100);`;
    const args = [
      '--conditions=@graylane/source',
      '--import',
      'tsx',
      '--input-type=module',
      '--eval',
      script,
    ];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout).toBe('the provider was closed before it had flags\n');
  });

  test('is shared by two calls of initialize', async () => {
    const streams: ServerResponse[] = [];
    const url = await serve((_request, response) => void streams.push(response.writeHead(200, eventStream)));
    const provider = new GraylaneProvider({ source: { url } });
    const starts = [provider.initialize(), provider.initialize()];
    await once(server as Server, 'request');
    streams[0]?.write(snapshot);
    await Promise.all(starts);
    await provider.initialize();
    expect(streams).toHaveLength(1);
    await provider.onClose();
  });

  test('can be waited for again after it failed', async () => {
    const streams: ServerResponse[] = [];
    const url = await serve((_request, response) => void streams.push(response.writeHead(200, eventStream)));
    const provider = new GraylaneProvider({ source: { url }, startTimeoutMs: 1 });
    await expect(provider.initialize()).rejects.toThrow('no flags after 1 ms');
    for (let tries = 0; streams.length === 0; tries += 1) await provider.initialize().catch(() => tries);
    streams[0]?.write(snapshot);
    await expect.poll(async () => provider.initialize().then(() => provider.revision, String)).toBe('1');
    await provider.onClose();
  });

  test('does not count the time in which the event loop stands still', async () => {
    const worker = new Worker(
      `const { createServer } = require('node:http');
       const { parentPort, workerData } = require('node:worker_threads');
       const server = createServer((request, response) => {
         response.writeHead(200, { 'content-type': 'text/event-stream' }).write(workerData);
       });
       server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
      { eval: true, workerData: snapshot },
    );
    try {
      const [port] = (await once(worker, 'message')) as [number];
      const source = { url: `http://127.0.0.1:${port}` };
      const provider = new GraylaneProvider({ source, startTimeoutMs: 500 });
      const started = provider.initialize();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
      await started;
      expect(provider.revision).toBe('1');
      await provider.onClose();
    } finally {
      await worker.terminate();
    }
  });
});

describe('a server that refuses the token', () => {
  test.each([401, 403])('by %i is fatal at once, with the remedy', async (status) => {
    const url = await serve((_request, response) => void response.writeHead(status).end());
    const provider = new GraylaneProvider({ source: { url, token: 'gl_1' }, startTimeoutMs: 1_000_000 });
    const error: unknown = await OpenFeature.setProviderAndWait(provider).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: ErrorCode.PROVIDER_FATAL,
      message: expect.stringMatching(
        `the flag server at ${url} responded with ${status}: source.token`,
      ) as string,
    });
    const client = OpenFeature.getClient();
    expect(client.providerStatus).toBe(ProviderStatus.FATAL);
    expect(await client.getBooleanDetails('a', false)).toMatchObject({
      value: false,
      errorCode: ErrorCode.PROVIDER_FATAL,
    });
  });

  test('is READY when the server accepts the token', async () => {
    let status = 401;
    const url = await serve((_request, response) => {
      if (status === 200) response.writeHead(200, eventStream).write(snapshot);
      else response.writeHead(status).end();
    });
    await expect(
      OpenFeature.setProviderAndWait(new GraylaneProvider({ source: { url, token: 'gl_1' } })),
    ).rejects.toThrow('401');
    status = 200;
    const client = OpenFeature.getClient();
    await expect.poll(() => client.providerStatus).toBe(ProviderStatus.READY);
    expect(await client.getBooleanValue('a', false)).toBe(true);
  });

  test('leaves the flags that there are in force', async () => {
    let sink: FlagSink | undefined;
    const source = {
      start: (given: FlagSink) => {
        sink = given;
        if (given.update({ flags: { a: flag } }, '1')) given.live();
      },
      close: () => {},
    };
    await OpenFeature.setProviderAndWait(new GraylaneProvider({ source }));
    sink?.refused('the token was revoked');
    const client = OpenFeature.getClient();
    expect(client.providerStatus).toBe(ProviderStatus.STALE);
    expect(await client.getBooleanValue('a', false)).toBe(true);
  });
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
