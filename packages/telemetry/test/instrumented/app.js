// An application that knows nothing of telemetry. CALLEE is where its handler calls by a client
// that nobody has wrapped.
import { baggageMiddleware } from '@graylane/baggage/express';
import express from 'express';
import { once } from 'node:events';

const app = express();
app.use(baggageMiddleware({ ingress: { mode: 'accept', keys: ['lane'] } }));
app.get('/orders/:id', async (request, response) => {
  if (process.env.CALLEE) await (await fetch(process.env.CALLEE)).text();
  response.json({ id: request.params.id });
});
app.get('/slow/:seconds', (request, response) => {
  setTimeout(() => response.end(), 1000 * request.params.seconds);
});
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`${server.address().port}\n`);
process.on('message', () => {
  server.close();
  server.closeAllConnections();
  process.disconnect();
});
