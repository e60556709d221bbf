import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bin } from '../support/run-command.ts';

/** Sends the loaded files whenever it is asked to. */
const reporter = `data:text/javascript,
  import { createRequire } from 'node:module';
  const { cache } = createRequire('/');
  process.on('message', () => process.send(Object.keys(cache)));`;

const folder = mkdtempSync(`${tmpdir()}/graylane-loaded-`);
let server: ChildProcess;
let url: string;
beforeAll(async () => {
  writeFileSync(`${folder}/flags.json`, '{"flags":{}}');
  const ports = ['--port', '0', '--grpc-port', '0', '--management-port', '0'];
  const execArgv = ['--import', reporter.replaceAll('\n', '')];
  server = fork(bin, ['--flags', `${folder}/flags.json`, ...ports], { execArgv, stdio: 'ignore' });
  const [{ ready }] = (await once(server, 'message')) as [{ ready: number }];
  url = `http://127.0.0.1:${ready}`;
});
afterAll(async () => {
  const closed = once(server, 'close');
  server.kill();
  await closed;
  rmSync(folder, { recursive: true });
});

test('a server that is ready has loaded few files, and no library that it may never use', async () => {
  const files = await loadedFiles();
  expect(files.length, files.join('\n')).toBeLessThanOrEqual(70);
  expect(librariesOf(files)).toEqual(expect.arrayContaining(['pino']));
  const rare = ['express', '@connectrpc/connect', '@bufbuild/protobuf', 'postgres', 'openid-client', 're2js'];
  expect(librariesOf(files).filter((name) => [...rare, 'yaml', '@opentelemetry/api'].includes(name))).toEqual(
    [],
  );
});

test('evaluation, the change stream and health load no more', async () => {
  const before = await loadedFiles();
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  expect((await fetch(`${url}/ofrep/v1/evaluate/flags`, post)).status).toBe(200);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  const ended = new AbortController();
  const stream = await fetch(`${url}/api/v1/environments/default/stream`, { signal: ended.signal });
  expect(stream.status).toBe(200);
  ended.abort();
  expect(await loadedFiles()).toEqual(before);
});

test('the admin API loads express, and metrics sent by OTLP load Protobuf', async () => {
  expect((await fetch(`${url}/api/v1/environments`)).status).toBe(200);
  expect(librariesOf(await loadedFiles())).toEqual(expect.arrayContaining(['express']));
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  expect((await fetch(`${url}/v1/metrics`, post)).status).toBe(200);
  expect(librariesOf(await loadedFiles())).toEqual(expect.arrayContaining(['@bufbuild/protobuf']));
});

async function loadedFiles(): Promise<string[]> {
  const reply = once(server, 'message');
  server.send('files');
  return ((await reply) as [string[]])[0];
}

function librariesOf(files: readonly string[]): string[] {
  return [...new Set(files.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []))];
}
