import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';

/** The status of a GET over TLS; of /healthz, unless the options name another path. */
export async function tlsStatus(port: number, options: RequestOptions): Promise<number | undefined> {
  const sent = request({ host: '127.0.0.1', port, path: '/healthz', agent: false, ...options });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response.resume().statusCode;
}
