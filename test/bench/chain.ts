import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Agent, request } from 'undici';
import { addSection, compare } from '../support/bench.ts';
import { Chain, services } from '../support/chain.ts';
import { selfTimes } from '../support/self-time.ts';

const requests = 300;
/** Before this many, V8 has not compiled what it will. */
const warmUp = 6000;
const inFlight = 16;
const agent = new Agent({ connections: inFlight });
const headers = { 'x-user-id': 'ada', 'x-tenant-id': 'internal', 'x-region': 'eu' };

async function checkout({ origin }: Chain): Promise<string> {
  const { body } = await request(`${origin}/checkout`, { dispatcher: agent, headers });
  return body.text();
}

async function drive(chain: Chain, count = requests): Promise<void> {
  let left = count;
  const client = async (): Promise<void> => {
    while (left-- > 0) await checkout(chain);
  };
  await Promise.all(Array.from({ length: inFlight }, client));
}

const chains = {
  bare: await Chain.start('bare'),
  'bare, a second time': await Chain.start('bare'),
  graylane: await Chain.start('graylane'),
};
const bodies = new Set(await Promise.all(Object.values(chains).map(checkout)));
assert.equal(bodies.size, 1, 'each chain sends the same bytes');
for (const chain of Object.values(chains)) await drive(chain, warmUp);

const [bare, again, graylane] = Object.entries(chains).map(([name, chain]) => ({
  name,
  sample: async (): Promise<number> => {
    const before = await chain.cpu();
    await drive(chain);
    return ((await chain.cpu()) - before) / requests;
  },
}));
assert.ok(bare && again && graylane);
await compare({
  question: 'What CPU time does one request take in all services of a chain?',
  unit: 'us',
  rounds: 40,
  peers: ['express', '@grpc/grpc-js'],
  note: "The demo's chain without Kafka and telemetry, three processes: gateway, HTTP to orders, gRPC to payments. The gateway strips and dyes by a rule, three members and the lane travel, and each service evaluates two flags by the lane. The bare chain has constants in their place, and sends the same responses. The second bare chain shows the noise.",
  rows: [{ name: 'checkout', contenders: [bare, again, graylane] }],
});
await Promise.all(Object.values(chains).map(async (chain) => chain.stop()));

const profiles = mkdtempSync(`${tmpdir()}/graylane-profiles-`);
const profiled = await Chain.start('graylane', (service) => [
  '--cpu-prof',
  '--cpu-prof-interval',
  '200',
  '--cpu-prof-dir',
  `${profiles}/${service}`,
]);
await drive(profiled, 3 * warmUp);
await profiled.stop();
const shares = services.toReversed().flatMap((service) => {
  const [file = ''] = readdirSync(`${profiles}/${service}`);
  const most = selfTimes(`${profiles}/${service}/${file}`).slice(0, 3);
  return most.map((one) => `| ${service} | ${one.name} | ${(100 * one.share).toFixed(1)} % |`);
});
rmSync(profiles, { recursive: true });
addSection(
  'Which functions of graylane take the most time of such a request?',
  'The shares of their own time in the CPU time of their process, from a profile that samples every 200 us. The rest of the difference to the bare chain is indirect: AsyncLocalStorage, which Node 20 builds on async_hooks, the headers that are sent and parsed on each hop, and garbage.',
  ['| service | the three that take most | share |', '| --- | --- | ---: |', ...shares],
);
await agent.close();
