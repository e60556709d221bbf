// The requests to services that use the middleware, in a process that does nothing else.
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type OutgoingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { runInLane, type IngressPolicy } from '@graylane/baggage';
import { baggageMiddleware, type BaggageMiddlewareOptions } from '@graylane/baggage/express';
import { baggageFetch } from '@graylane/baggage/fetch';
import { getSyncClient, GraylaneProvider } from '@graylane/provider';
import { OpenFeature } from '@openfeature/server-sdk';
import express from 'express';
import { lane, user } from './flags.ts';
import { reportVisitedFiles } from './visited-files.ts';

await OpenFeature.setProviderAndWait(new GraylaneProvider({ source: { flags: { flags: { lane } } } }));
const client = getSyncClient();

const key = { id: 'a', secret: 'a secret of at least 32 characters' };
const verify: IngressPolicy = { mode: 'verify', signingKeys: [key], audience: 'paths' };
const dye = { client, sign: { key, audience: 'paths' }, evaluationContext: () => user };

let received = '';
const peer = await listen(
  createServer((request, response) => {
    received = String(request.headers['baggage']);
    response.end();
  }),
);
const call = baggageFetch({ egress: { to: { [peer]: ['lane'] } } });

const accepting = await serve({ ingress: { mode: 'accept', keys: ['lane'] } });
const verifying = await serve({ ingress: verify });
const edge = await serve({ ingress: { mode: 'strip' }, dye });
const caller = await serve({ ingress: { mode: 'strip' }, dye }, async () => {
  await call(peer);
});
const whole = await serve({ ingress: verify }, async () => {
  client.getStringValueSync('lane', 'baseline');
  await call(peer);
});

await send(caller);
const signed = { baggage: received };
await reportVisitedFiles({
  'a request that is accepted': async () => send(accepting, { baggage: 'lane=gray' }),
  'a request that is verified': async () => send(verifying, signed),
  'a request at the edge, which dyes it': async () => send(edge),
  'an evaluation': async () => runInLane('gray', async () => void client.getStringValueSync('lane', '')),
  'a call of another service': async () => runInLane('gray', async () => void (await call(peer))),
  'a verified request, whose handler evaluates a flag and calls a service': async () => send(whole, signed),
});
process.exit();

/** A service whose handler does this. */
async function serve(
  options: BaggageMiddlewareOptions,
  handle: () => Promise<void> = async () => {},
): Promise<string> {
  const app = express();
  app.use(baggageMiddleware(options));
  app.get('/', async (_request, response) => {
    await handle();
    response.end();
  });
  return listen(createServer(app));
}

async function listen(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** @throws {Error} if the service does not respond with 200. */
async function send(url: string, headers: OutgoingHttpHeaders = {}): Promise<void> {
  const [response] = (await once(get(url, { headers }), 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}`);
}
