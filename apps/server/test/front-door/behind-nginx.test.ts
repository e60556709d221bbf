import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { expect, test } from 'vitest';
import { describeWith } from '../../../../test/components/components.ts';
import { nginx } from '../../../../test/components/services/nginx.ts';
import { eventually } from '../../../../test/support/shop.ts';
import { FlagSyncService } from '../../src/protocols/flagd/gen/flagd/sync/v1/sync_pb.ts';
import { fees, serve } from '../support/serve.ts';
import { bearer, tokenIn } from '../support/with-tokens.ts';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const recipe =
  /```nginx\n(.*?)```/s.exec(readFileSync(path('../../../../docs/security.md'), 'utf8'))?.[1] ?? '';
const ca = readFileSync(path('../fixtures/renewed.pem'), 'utf8');

await describeWith(nginx, 'behind nginx, as docs/security.md describes', () => {
  test('HTTP, streams and gRPC work with a token', async () => {
    const folder = mkdtempSync(`${tmpdir()}/graylane-proxy-`);
    const token = await tokenIn(`${folder}/tokens.json`, { name: 'orders', scope: 'definitions' });
    const served = await serve(
      { flags: { fees } },
      {
        tokens: `${folder}/tokens.json`,
        allowHosts: ['flags.example.com'],
        trustProxies: ['loopback'],
        rateLimit: 1,
      },
    );
    const [port, grpcPort] = [await freePort(), await freePort()];
    const proxy = startNginx(folder, [
      ['listen 443', `listen 127.0.0.1:${port}`],
      ['listen 8015', `listen 127.0.0.1:${grpcPort}`],
      ['127.0.0.1:8080', new URL(served.url).host],
      ['127.0.0.1:8016', `127.0.0.1:${served.grpcPort}`],
      ['/etc/nginx/tls.pem', path('../fixtures/renewed.pem')],
      ['/etc/nginx/tls-key.pem', path('../fixtures/renewed-key.pem')],
    ]);
    try {
      await eventually(async () => {
        const socket = connect({ host: '127.0.0.1', port, ca });
        await once(socket, 'secureConnect');
        socket.destroy();
      });
      const open = async (target: string, headers: object, method = 'GET'): Promise<IncomingMessage> => {
        const host = 'flags.example.com';
        const sent = request({
          host: '127.0.0.1',
          // The name that the certificate is for; the Host below is that of the recipe.
          servername: 'localhost',
          port,
          path: target,
          method,
          ca,
          headers: { host, ...headers },
        });
        sent.end();
        const [response] = (await once(sent, 'response')) as [IncomingMessage];
        return response;
      };
      expect((await open('/healthz', {})).resume().statusCode).toBe(200);
      expect((await open('/api/v1/environments', {})).resume().statusCode).toBe(401);
      const origin = 'https://flags.example.com';
      const evaluate = '/ofrep/v1/evaluate/flags';
      expect((await open(evaluate, { ...bearer(token), origin }, 'POST')).resume().statusCode).toBe(200);
      const stream = await open('/api/v1/environments/default/stream', bearer(token));
      let received = '';
      stream.setEncoding('utf8').on('data', (text: string) => (received += text));
      await expect.poll(() => received).toContain('event: snapshot');
      const transport = createGrpcTransport({
        baseUrl: `https://127.0.0.1:${grpcPort}`,
        nodeOptions: { ca },
      });
      const sync = createClient(FlagSyncService, transport);
      const refused = await sync.fetchAllFlags({}).catch((error: unknown) => ConnectError.from(error).code);
      expect(refused).toBe(Code.Unauthenticated);
      const documents = sync.syncFlags({}, { headers: bearer(token) })[Symbol.asyncIterator]();
      await documents.next();
      served.edit(JSON.stringify({ flags: { fees, renamed: fees } }));
      expect((await documents.next()).value?.flagConfiguration).toContain('renamed');
      await expect.poll(() => received).toContain('renamed');
      stream.destroy();
    } finally {
      const gone = once(proxy, 'exit');
      proxy.kill('SIGTERM');
      await gone;
      await served.close();
      rmSync(folder, { recursive: true });
    }
  });
});

function startNginx(
  folder: string,
  replacements: ReadonlyArray<readonly [string, string]>,
): ReturnType<typeof spawn> {
  let servers = recipe;
  for (const [given, ours] of replacements) {
    expect(servers).toContain(given);
    servers = servers.replaceAll(given, ours);
  }
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  const http = `access_log off; ${temporary.join(' ')} ${servers}`;
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const main = `daemon off; ${user} worker_processes 1; pid ${folder}/pid; events { worker_connections 64; }`;
  writeFileSync(`${folder}/nginx.conf`, `${main} http { ${http} }`);
  const args = ['-p', folder, '-e', 'stderr', '-c', `${folder}/nginx.conf`];
  return spawn('nginx', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
