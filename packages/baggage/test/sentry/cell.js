// A service with Sentry's SDK and our adapters: dyed requests to a destination that the policy
// names, and to one that it does not. ORDER says which of them is set up first. Prints as JSON what
// arrived: the values of `baggage`, one for each header on the wire.
import { runInLane } from '@graylane/baggage';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

const { ORDER } = process.env;
const received = {};

/** Notes the baggage that arrives, as the wire has it. */
async function listen(name) {
  const server = createServer((request, response) => {
    const { rawHeaders, url } = request;
    const lines = rawHeaders.filter(
      (_part, index) => rawHeaders[index - 1]?.toLowerCase() === 'baggage' && index % 2 === 1,
    );
    // Sentry reports to the same server.
    if (!url.startsWith('/api/')) (received[`${url.slice(1)} ${name}`] ??= []).push(lines);
    response.end('{}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

const [friend, stranger] = [await listen('friend'), await listen('stranger')];
const egress = { to: { [friend.origin]: ['lane'] } };

async function setUpSentry() {
  const Sentry = await import('@sentry/node');
  const dsn = stranger.origin.replace('http://', 'http://key@');
  Sentry.init({ dsn: `${dsn}/1`, tracesSampleRate: 1, release: 'shop@1', environment: 'test' });
  return Sentry;
}

async function setUpOurs() {
  const [{ baggageFetch }, { baggageRequest }, { baggageInterceptor }, undici] = await Promise.all([
    import('@graylane/baggage/fetch'),
    import('@graylane/baggage/http'),
    import('@graylane/baggage/undici'),
    import('undici'),
  ]);
  const request = baggageRequest({ egress });
  const agent = new undici.Agent().compose(baggageInterceptor({ egress }));
  // The first call of an adapter sets it up whole.
  await runInLane('gray', () => baggageFetch({ egress })(`${friend.origin}/warm`)).then((response) =>
    response.text(),
  );
  return {
    fetch: async (url, headers) => (await baggageFetch({ egress })(url, { headers })).text(),
    request: async (url, headers) => {
      const [response] = await once(request(url, { headers }).end(), 'response');
      return text(response);
    },
    pool: (to) => {
      const pool = new undici.Pool(to).compose(baggageInterceptor({ egress }));
      return async (origin, path) => (await pool.request({ origin, path, method: 'GET' })).body.text();
    },
    undici: async (url, headers) => {
      const { origin, pathname } = new URL(url);
      return (await agent.request({ origin, path: pathname, method: 'GET', headers })).body.text();
    },
  };
}

let Sentry;
let clients;
if (ORDER === 'sentry first') {
  Sentry = await setUpSentry();
  clients = await setUpOurs();
} else {
  clients = await setUpOurs();
  Sentry = await setUpSentry();
}

// A pool ignores the origin of a request, so nothing of ours may leave.
const astray = clients.pool(stranger.origin);
await runInLane('gray', () => Sentry.startSpan({ name: 'work' }, () => astray(friend.origin, '/astray')));
delete clients.pool;
for (const [name, send] of Object.entries(clients)) {
  for (const { origin } of [friend, stranger]) {
    await runInLane('gray', () => Sentry.startSpan({ name: 'work' }, () => send(`${origin}/${name}`, {})));
    await Sentry.startSpan({ name: 'work' }, () => send(`${origin}/${name}`, {}));
    await runInLane('gray', () =>
      Sentry.startSpan({ name: 'work' }, () => send(`${origin}/${name}`, { baggage: 'lane=stale' })),
    );
  }
}
await Sentry.close(1_000);
delete received['warm friend'];
process.stdout.write(`${JSON.stringify(received)}\n`, () => process.exit(0));
