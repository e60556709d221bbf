import { baggageFetch } from '@graylane/baggage/fetch';
import { runInMessage } from '@graylane/baggage/kafka';
import { baggageInterceptor } from '@graylane/baggage/undici';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Agent, request, type Dispatcher } from 'undici';
import { addSection, compare, type Contender } from '../support/bench.ts';
import { ExpressServer as Server } from '../support/express-server.ts';
import { selfTimes } from '../support/self-time.ts';

const baggage = 'lane=gray,user-id=ada,tenant=acme,region=eu';
const keys = ['lane', 'user-id', 'tenant', 'region'];
const requests = 500;
/** Before this many, V8 has not compiled what it will. */
const warmUp = 10_000;
const inFlight = 24;

/** Makes all requests, so many of them at a time. */
async function load(one: (index: number) => Promise<unknown>, count = requests): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

const agent = new Agent({ connections: inFlight });
const servers = {
  'bare express': await Server.start('bare'),
  floor: await Server.start('floor'),
  'with baggageMiddleware': await Server.start('middleware'),
  'strip: an edge without a dye': await Server.start('strip'),
  'edge: strip and dye': await Server.start('edge'),
  'five flags, getSyncClient': await Server.start('flags'),
  "five flags, the SDK's client": await Server.start('SDK flags'),
  'instrumented by OpenTelemetry': await Server.start('instrumented'),
};

async function get(url: string, dispatcher: Dispatcher, headers?: Record<string, string>): Promise<void> {
  const { body } = await request(url, { dispatcher, ...(headers && { headers }) });
  await body.text();
}

const drive = ({ origin }: Server, count?: number): Promise<void> =>
  load(
    (index) =>
      get(`${origin}/orders/${index}`, agent, { baggage, 'x-user-id': 'ada', 'x-tenant': 'internal' }),
    count,
  );
for (const server of Object.values(servers)) await drive(server, warmUp);

function contenders(sample: (server: Server) => Promise<number>): [Contender, ...Contender[]] {
  return Object.entries(servers).map(([name, server]) => ({ name, sample: () => sample(server) })) as [
    Contender,
    ...Contender[],
  ];
}

await compare({
  question: 'What CPU time does one request to express cost?',
  unit: 'us',
  rounds: 40,
  peers: ['express', '@opentelemetry/instrumentation-http', '@opentelemetry/instrumentation-express'],
  note: 'Four members come in, the handler reads the lane. `floor` sets the two response headers, runs the handler in an AsyncLocalStorage, and reads nothing: no middleware that carries a lane can be cheaper. `strip` refuses the members; `edge` also evaluates a dye rule on the tenant with the synchronous client, and carries two members. Five flags: beside the middleware, the handler evaluates five flags by lane, tenant and other facts with GraylaneProvider. Instrumented: the http and express instrumentations with the stock propagator and every span recorded, exported to nobody.',
  rows: [
    {
      name: 'request',
      contenders: contenders(async (server) => {
        const before = await server.cpu();
        await drive(server);
        return ((await server.cpu()) - before) / requests;
      }),
    },
  ],
});

await compare({
  question: 'How many requests a second does express serve?',
  unit: 'requests/s',
  rounds: 40,
  note: `One process, ${inFlight} connections over loopback; the load is made on the same machine.`,
  rows: [
    {
      name: 'requests',
      contenders: contenders(async (server) => {
        const start = performance.now();
        await drive(server);
        return requests / ((performance.now() - start) / 1_000);
      }),
    },
  ],
});

const profiles = mkdtempSync(`${tmpdir()}/graylane-profiles-`);
const shares: string[] = [];
for (const [name, mode] of [
  ['with baggageMiddleware', 'middleware'],
  ['strip: an edge without a dye', 'strip'],
  ['edge: strip and dye', 'edge'],
  ['five flags, getSyncClient', 'flags'],
] as const) {
  const folder = `${profiles}/${mode}`;
  const profiled = await Server.start(mode, {
    execArgv: ['--cpu-prof', '--cpu-prof-interval', '200', '--cpu-prof-dir', folder],
  });
  await drive(profiled, 3 * warmUp);
  await profiled.stop();
  const [file = ''] = readdirSync(folder);
  const most = selfTimes(`${folder}/${file}`).slice(0, 3);
  shares.push(...most.map((one) => `| ${name} | ${one.name} | ${(100 * one.share).toFixed(1)} % |`));
}
rmSync(profiles, { recursive: true });
addSection(
  'Which functions of graylane take the most time of such a request?',
  'The shares of their own time in the CPU time of the process, from a profile that samples every 200 us. The rest of the difference to bare express is indirect: AsyncLocalStorage, which Node 20 builds on async_hooks, two response headers, and garbage. `floor` pays for these, too.',
  ['| contender | the three that take most | share |', '| --- | --- | ---: |', ...shares],
);

const { origin } = servers['bare express'];
const egress = { to: { [origin]: keys } };
const wrappedFetch = baggageFetch({ egress });
const composed = agent.compose(baggageInterceptor({ egress }));
const viaFetch = (send: typeof fetch) => async (index: number) =>
  (await send(`${origin}/orders/${index}`, { headers: { accept: 'application/json' } })).text();

/** CPU time of this process for one request made inside a request that carries four members. */
function calling(name: string, one: (index: number) => Promise<unknown>): Contender {
  return {
    name,
    sample: async () => {
      const before = process.cpuUsage();
      await runInMessage({ headers: { baggage } }, { ingress: { mode: 'accept', keys } }, () => load(one));
      const { user, system } = process.cpuUsage(before);
      return (user + system) / requests;
    },
  };
}

await compare({
  question: 'What CPU time does one outgoing request cost?',
  unit: 'us',
  rounds: 40,
  peers: ['undici'],
  rows: [
    {
      name: 'undici',
      contenders: [
        calling('undici', (index) => get(`${origin}/orders/${index}`, agent)),
        calling('with baggageInterceptor', (index) => get(`${origin}/orders/${index}`, composed)),
      ],
    },
    {
      name: 'fetch',
      contenders: [calling('fetch', viaFetch(fetch)), calling('baggageFetch', viaFetch(wrappedFetch))],
    },
  ],
});

await agent.close();
await Promise.all(Object.values(servers).map(async (server) => server.stop()));
