import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import type { Component } from '../components.ts';
import { eventually } from '../../support/shop.ts';

/** A caching proxy as sites have it. */
export const nginx: Component = {
  id: 'nginx',
  name: 'nginx',
  remedy: 'install nginx, e.g. apt-get install nginx-light',
  available: () => spawnSync('nginx', ['-v']).status === 0,
};

/** The response of the proxy. */
export interface Cached {
  readonly body: string;
  /** The state of nginx's cache: `MISS`, `HIT`, `BYPASS` ... */
  readonly cache: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/**
 * A running proxy that keeps every response of an origin for ten minutes, unless the response
 * forbids it.
 */
export interface CachingProxy {
  get(path: string, headers?: Record<string, string>): Promise<Cached>;
  close(): Promise<void>;
}

/** Starts nginx on a socket of its own, in a temporary folder. */
export async function startCachingProxy(origin: string): Promise<CachingProxy> {
  const folder = mkdtempSync(`${tmpdir()}/graylane-nginx-`);
  const socketPath = `${folder}/socket`;
  writeFileSync(`${folder}/nginx.conf`, configuration(folder, socketPath, origin));
  const args = ['-p', folder, '-e', 'stderr', '-c', `${folder}/nginx.conf`];
  const proxy = spawn('nginx', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  proxy.stderr.setEncoding('utf8').on('data', (words: string) => (said += words));
  await eventually(async () => {
    // The socket exists before a process listens on it.
    const knock = connect(socketPath);
    await once(knock, 'connect').catch((error: Error) => {
      throw new Error(`nginx has not started (${error.message}):\n${said}`);
    });
    knock.destroy();
  });
  return {
    get: async (path, headers = {}) => {
      const outgoing = request({ socketPath, path, headers, agent: false });
      outgoing.end();
      const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
      return {
        body: await text(answer),
        cache: String(answer.headers['x-cache']),
        headers: answer.headers,
      };
    },
    close: async () => {
      const gone = once(proxy, 'exit');
      proxy.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(folder: string, socketPath: string, origin: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  return `
    daemon off;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    worker_processes 1;
    pid ${folder}/pid;
    events { worker_connections 64; }
    http {
      access_log off;
      ${temporary.join('\n')}
      proxy_cache_path ${folder}/cache keys_zone=shop:1m;
      server {
        listen unix:${socketPath};
        location / {
          proxy_pass ${origin};
          proxy_cache shop;
          proxy_cache_valid 200 10m;
          add_header X-Cache $upstream_cache_status always;
        }
      }
    }`;
}
