import { Pool } from 'undici';
import { BareProcess } from '../support/bare-process.ts';
import { compare, type Contender } from '../support/bench.ts';
import { ServerProcess } from '../support/server-process.ts';
import { startUnleash } from '../support/unleash.ts';

const connections = 16;
const sampleMs = 400;

/** Each flag is on in one lane, and for a share of everybody else. */
const rules = Array.from({ length: 50 }, (_, index) => ({
  name: `flag-${index}`,
  lane: 'gray',
  percent: index % 100,
}));
const flags = Object.fromEntries(
  rules.map(({ name, lane, percent }) => {
    const shares = [
      ['on', percent],
      ['off', 100 - percent],
    ];
    const targeting = { if: [{ '==': [{ var: 'lane' }, lane] }, 'on', { fractional: shares }] };
    const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', targeting };
    return [name, flag];
  }),
);
const server = await ServerProcess.start({ flags });
const unleash = await startUnleash(rules).catch((error: Error) => {
  console.log(`\nUnleash is left out: ${error.message}`);
  return undefined;
});

/** One request, as a pool of connections to somebody sends it. */
interface Question {
  readonly to: Pool;
  readonly path: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const pools: Pool[] = [];
const [one, all] = [ofrep(server.url, '/flag-7'), ofrep(server.url, '')];
const bares = await Promise.all(
  [one, all].map(async (question) => BareProcess.start('answer', (await ask(question)).text)),
);
const [bareOne, bareAll] = bares.map(({ port }) => ofrep(`http://127.0.0.1:${port}`, ''));
if (bareOne === undefined || bareAll === undefined) throw new Error('there is no baseline');
const { etag } = await ask(all);

await compare({
  question: 'How many OFREP questions does one server answer a second?',
  unit: 'requests/s',
  rounds: 9,
  peers: ['express', 'undici'],
  note: [
    `${connections} connections from another process on the same machine. The baseline is express with its JSON parser, which answers with the same bytes and evaluates nothing.`,
    'A set of 50 flags, each on in one lane and for a share of everybody else; the question comes from that lane.',
    ...(unleash
      ? [
          'Unleash has the same rules and is asked in a protocol of its own, the frontend API: a list of the flags that are on, here all of them, in 7 KB where OFREP takes 4. It has no question about one flag, and its answers to a POST are never "unchanged".',
        ]
      : []),
  ].join(' '),
  rows: [
    { name: 'one flag', contenders: [asking('express, same bytes', bareOne), asking('graylane', one)] },
    {
      name: 'all 50 flags',
      contenders: [
        asking('express, same bytes', bareAll),
        asking('graylane', all),
        ...(unleash ? [asking(`unleash-server ${unleash.version}`, frontend(unleash))] : []),
      ],
    },
    {
      name: 'all 50 flags, unchanged (304)',
      contenders: [
        asking('express, same bytes', bareAll),
        asking('graylane', { ...all, headers: { 'if-none-match': etag } }),
      ],
    },
  ],
});
await Promise.all(pools.map((pool) => pool.close()));
await Promise.all([server, ...bares, unleash].map(async (peer) => peer?.close()));

function ofrep(url: string, path: string): Question {
  const context = { targetingKey: 'ada', lane: 'gray', region: 'eu-west' };
  return { to: poolTo(url), path: `/ofrep/v1/evaluate/flags${path}`, body: JSON.stringify({ context }) };
}

/** The same question in Unleash's words. */
function frontend({
  url,
  authorization,
}: {
  readonly url: string;
  readonly authorization: string;
}): Question {
  const context = { userId: 'ada', properties: { lane: 'gray', region: 'eu-west' } };
  return {
    to: poolTo(url),
    path: '/api/frontend',
    body: JSON.stringify({ context }),
    headers: { authorization },
  };
}

function poolTo(url: string): Pool {
  const pool = new Pool(url, { connections });
  pools.push(pool);
  return pool;
}

async function ask({ to, path, body, headers }: Question): Promise<{ text: string; etag: string }> {
  const answer = await to.request({
    path,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  if (answer.statusCode >= 400) throw new Error(`${path} was answered with ${answer.statusCode}`);
  return { text: await answer.body.text(), etag: String(answer.headers['etag']) };
}

/** A sample is the requests a second that all connections together get answered. */
function asking(name: string, question: Question): Contender {
  return {
    name,
    sample: async () => {
      const start = performance.now();
      let answers = 0;
      const keepAsking = async (): Promise<void> => {
        while (performance.now() - start < sampleMs) {
          await ask(question);
          answers += 1;
        }
      };
      await Promise.all(Array.from({ length: connections }, keepAsking));
      return answers / ((performance.now() - start) / 1000);
    },
  };
}
