// The least that a server of Node does for the same bytes, as a baseline: `bare-server.ts answer
// BYTES` answers every POST like that, from express with its JSON parser; `bare-server.ts http
// RESPONSE` does it with node:http alone, and sends the status and all headers of RESPONSE;
// `bare-server.ts stream BYTES` sends them to every stream, in a loop, for each POST. Says its port
// when ready.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { SameResponse } from './bare-process.ts';

const [kind, bytes = ''] = process.argv.slice(2);
const server: Server = kind === 'answer' ? answers() : kind === 'http' ? answersByHand() : streams();
server.listen(0, '127.0.0.1', () => process.send?.({ ready: (server.address() as AddressInfo).port }));
process.once('disconnect', () => process.exit());

function answers(): Server {
  const app = express().disable('x-powered-by').disable('etag');
  app.post(/.*/, express.json(), (_request, response) => {
    response.type('application/json').send(bytes);
  });
  return createServer(app);
}

function answersByHand(): Server {
  const { status, headers, body } = JSON.parse(bytes) as SameResponse;
  return createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      JSON.parse(Buffer.concat(chunks).toString());
      response.statusCode = status;
      for (const [name, value] of headers) response.setHeader(name, value ?? '');
      response.end(body);
    });
  });
}

function streams(): Server {
  const clients = new Set<ServerResponse>();
  const buffer = Buffer.from(bytes);
  return createServer((request, response) => {
    if (request.method === 'POST') {
      for (const client of clients) client.write(buffer);
      response.end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(':\n\n');
    clients.add(response);
    response.on('close', () => clients.delete(response));
  });
}
