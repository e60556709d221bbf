import { baggageFetch } from '@graylane/baggage/fetch';
import { baggageListener, baggageRequest } from '@graylane/baggage/http';
import { once } from 'node:events';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { call, listenAll } from './receivers.js';

export async function clients(egress) {
  const to = await listenAll();
  const ours = baggageRequest({ egress: egress(to.friend.origin) });
  const through = (request) => async (name, headers) => {
    const outgoing = request(to[name].origin, { headers });
    outgoing.end();
    const [answer] = await once(outgoing, 'response');
    await text(answer);
  };
  const wrapped = through(ours);
  /** A call out of a listener of another call's response. */
  const onward = () =>
    new Promise((resolve) => {
      const first = ours(to.friend.origin, {});
      first.on('response', (answer) => answer.resume().on('end', () => resolve(wrapped('friend'))));
      first.end();
    });
  /** A fetch that somebody has built of `http.request`, wrapped, of a request that is. */
  const nested = async () => {
    const inner = baggageRequest({ egress: egress() });
    const fetch = async (url, { headers }) => {
      const [answer] = await once(inner(url, { headers: Object.fromEntries(headers) }).end(), 'response');
      return new Response(await text(answer));
    };
    await baggageFetch({ egress: egress(to.friend.origin), fetch })(to.friend.origin);
  };
  return { wrapped, bare: through(http.request), more: { onward, nested }, close: to.close };
}

export async function server(ingress, sighting) {
  const listener = (_request, response) => void sayLater(response, sighting);
  return serve(ingress ? baggageListener({ ingress }, listener) : listener);
}

/** Serves on a free port; the answer is called for by hand. */
export async function serve(listener) {
  const own = http.createServer(listener);
  await once(own.listen(0, '127.0.0.1'), 'listening');
  return { call: (headers) => call(own.address().port, headers), close: () => own.close() };
}

/** Looks after an await, as handlers do, in an event of the request, and in one of the response. */
export async function sayLater(response, sighting) {
  const seen = [];
  await new Promise((resolve) => setTimeout(resolve, 1));
  seen.push(sighting());
  await new Promise((resolve) => response.req.on('end', () => resolve(seen.push(sighting()))).resume());
  response.once('pipe', () => seen.push(sighting()));
  response.emit('pipe');
  response.end(new Set(seen).size === 1 ? seen[0] : seen.join(' | '));
}
