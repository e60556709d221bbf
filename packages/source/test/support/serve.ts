import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A server on a free port of 127.0.0.1. */
export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

export async function serve(listener: RequestListener): Promise<Served> {
  return listen(createServer(listener), 'http');
}

export async function serveSecurely(
  listener: RequestListener,
  credentials: { readonly key: string; readonly cert: string },
): Promise<Served> {
  return listen(createSecureServer(credentials, listener), 'https');
}

async function listen(server: Server, protocol: string): Promise<Served> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
