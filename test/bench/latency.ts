import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { addSection } from '../support/bench.ts';
import { ExpressServer } from '../support/express-server.ts';

/** Requests a second, and the seconds of one sample. */
const [rate, sampleS] = [300, 2];
const [rounds, warmUp] = [10, 5000];
const headers = {
  baggage: 'lane=gray,user-id=ada,tenant=acme,region=eu',
  'x-user-id': 'ada',
  'x-tenant': 'internal',
};

const agent = new Agent({ connections: 64 });
const servers = {
  'bare express': await ExpressServer.start('bare'),
  'bare express, again': await ExpressServer.start('bare'),
  floor: await ExpressServer.start('floor'),
  'with baggageMiddleware': await ExpressServer.start('middleware'),
  'edge: strip and dye': await ExpressServer.start('edge'),
  'instrumented by OpenTelemetry': await ExpressServer.start('instrumented'),
};

async function get({ origin }: ExpressServer, index: number): Promise<void> {
  const { body } = await request(`${origin}/orders/${index}`, { dispatcher: agent, headers });
  await body.text();
}

/**
 * The latencies, in ms, of requests that are sent at a fixed rate, whether or not earlier ones have
 * been served. Each counts from the time at which it was due: a server that stands makes all that
 * wait late, not one of them.
 */
async function latenciesOf(server: ExpressServer): Promise<number[]> {
  const begun = performance.now();
  const open: Promise<number>[] = [];
  for (let index = 0; index < rate * sampleS; index += 1) {
    const due = begun + (index * 1000) / rate;
    while (performance.now() < due) await pause(1);
    open.push(get(server, index).then(() => performance.now() - due));
  }
  return Promise.all(open);
}

const shares = [0.5, 0.99];
const results = new Map(Object.keys(servers).map((name) => [name, shares.map(() => [] as number[])]));
for (const server of Object.values(servers)) {
  for (let index = 0; index < warmUp; index += 20) {
    await Promise.all(Array.from({ length: 20 }, async (_, more) => get(server, index + more)));
  }
}
for (let round = 0; round < rounds; round += 1) {
  const all = Object.entries(servers);
  const turn = round % all.length;
  for (const [name, server] of [...all.slice(turn), ...all.slice(0, turn)]) {
    const sorted = (await latenciesOf(server)).toSorted((one, other) => one - other);
    for (const [index, share] of shares.entries()) {
      results.get(name)?.[index]?.push(sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN);
    }
  }
}

addSection(
  `How long does a request to express take at ${rate} requests a second?`,
  `${rounds} samples of ${sampleS} seconds for each server, in turn, from an open-loop driver: a request counts from the time at which it was due, so that a delay is not left out with the requests that it keeps back (coordinated omission). Times are the median of the samples, and the least and the most of them. The timers of the driver add up to 1 ms to each. The two bare servers are the same: what lies between them is the noise of the machine, and a difference that is smaller means nothing.`,
  [
    '| server | p50, ms | least to most | p99, ms | least to most |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...[...results].map(([name, samples]) => `| ${name} | ${samples.map(cellsOf).join(' | ')} |`),
  ],
);
await agent.close();
await Promise.all(Object.values(servers).map(async (server) => server.stop()));

/** The median, and the range. */
function cellsOf(samples: readonly number[]): string {
  const sorted = samples.toSorted((one, other) => one - other);
  const [least, middle, most] = [0, Math.floor(sorted.length / 2), sorted.length - 1].map((index) =>
    (sorted[index] ?? Number.NaN).toFixed(1),
  );
  return `${middle} | ${least} to ${most}`;
}
