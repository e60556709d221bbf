import { Pool } from 'undici';
import { BareProcess } from '../support/bare-process.ts';
import { compare, type Contender, type Row } from '../support/bench.ts';
import { startFastFeature } from '../components/compared/fast-feature.ts';
import { ServerProcess } from '../support/server-process.ts';
import { startUnleash, type Unleash } from '../components/compared/unleash.ts';

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

/** One request, as a pool of connections sends it. */
interface Question {
  readonly to: Pool;
  readonly path: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A server to compare: requests for one flag, for all flags, and for all flags by a client that has
 * the response already.
 */
interface Peer {
  readonly name: string;
  readonly one?: Question;
  readonly all: Question;
  readonly unchanged?: Question;
}

const pools: Pool[] = [];
const server = await ServerProcess.start({ flags });
const graylane = await ofrepPeer('graylane', server.url);
const bareOne = await BareProcess.start('answer', (await ask(graylane.one)).text);
const bareAll = await BareProcess.start('answer', (await ask(graylane.all)).text);
const unleash = await startUnleash(rules).catch(leaveOut('Unleash'));
const fastFeature = await startFastFeature({ flags }).catch(leaveOut('fast-feature'));
const others: readonly Peer[] = [
  graylane,
  ...(unleash ? [{ name: `unleash-server ${unleash.version}`, all: frontend(unleash) }] : []),
  ...(fastFeature ? [await ofrepPeer(`fast-feature ${fastFeature.version}`, fastFeature.url)] : []),
];

await compare({
  question: 'How many OFREP requests does one server serve a second?',
  unit: 'requests/s',
  rounds: 9,
  peers: ['express', 'undici'],
  note: [
    `${connections} connections from another process on the same machine. The baseline is express with its JSON parser, which responds with the same bytes and evaluates nothing.`,
    'A set of 50 flags, each on in one lane and for a share of everybody else; the question comes from that lane.',
    ...(unleash
      ? [
          'Unleash has the same rules and is called by a protocol of its own, the frontend API: for a list of the flags that are on, here all of them, in 7 KB where OFREP takes 4. It has no question about one flag, and never answers a POST with 304.',
        ]
      : []),
    ...(fastFeature
      ? ['fast-feature has the same flags and speaks OFREP too, from one process of Python.']
      : []),
  ].join(' '),
  rows: [
    row('one flag', 'one', barely(bareOne)),
    row('all 50 flags', 'all', barely(bareAll)),
    row('all 50 flags, unchanged (304)', 'unchanged', barely(bareAll)),
  ],
});
await Promise.all(pools.map((pool) => pool.close()));
await Promise.all([server, bareOne, bareAll, unleash, fastFeature].map(async (one) => one?.close()));

function row(name: string, kind: Exclude<keyof Peer, 'name'>, baseline: Question): Row {
  const contenders = others.flatMap((peer) => {
    const { [kind]: question } = peer;
    return question ? [asking(peer.name, question)] : [];
  });
  return { name, contenders: [asking('express, same bytes', baseline), ...contenders] };
}

async function ofrepPeer(name: string, url: string): Promise<Required<Peer>> {
  const to = poolTo(url);
  const [one, all] = [ofrep(to, '/flag-7'), ofrep(to, '')];
  return { name, one, all, unchanged: { ...all, headers: { 'if-none-match': (await ask(all)).etag } } };
}

/** A bare server sends the same response to every request. */
function barely({ port }: BareProcess): Question {
  return ofrep(poolTo(`http://127.0.0.1:${port}`), '');
}

function ofrep(to: Pool, path: string): Question {
  const context = { targetingKey: 'ada', lane: 'gray', region: 'eu-west' };
  return { to, path: `/ofrep/v1/evaluate/flags${path}`, body: JSON.stringify({ context }) };
}

/** The same question in Unleash's words. */
function frontend({ url, authorization }: Unleash): Question {
  const context = { userId: 'ada', properties: { lane: 'gray', region: 'eu-west' } };
  const headers = { authorization };
  return { to: poolTo(url), path: '/api/frontend', body: JSON.stringify({ context }), headers };
}

function poolTo(url: string): Pool {
  const pool = new Pool(url, { connections });
  pools.push(pool);
  return pool;
}

function leaveOut(name: string): (error: Error) => undefined {
  return ({ message }) => {
    console.log(`\n${name} is left out: ${message}`);
    return undefined;
  };
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

/** A sample is the number of responses per second on all connections together. */
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
