import { once } from 'node:events';
import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Pool, type Dispatcher } from 'undici';
import { BareProcess, type SameResponse } from '../support/bare-process.ts';
import { addSection, compare, type Contender, type Row } from '../support/bench.ts';
import { startFastFeature } from '../components/compared/fast-feature.ts';
import { selfTimes, type SelfTime } from '../support/self-time.ts';
import { serverProgram, ServerProcess } from '../support/server-process.ts';
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
const plain: BareProcess[] = [];
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

await compare({
  question: 'What CPU time of the server does an OFREP request cost?',
  unit: 'us',
  rounds: 20,
  peers: ['express'],
  note: `The requests come ${connections} at a time, and the next ones when all responses are there. node:http reads and parses the body, sends the same status, headers and body, and evaluates nothing; express sends the body alone. Beyond that graylane checks the request, evaluates one flag or 50, counts each evaluation by flag and variant, and tags the 50 with SHA-256.`,
  rows: [
    await costs('one flag', graylane.one, bareOne),
    await costs('all 50 flags', graylane.all, bareAll),
    await costs('all 50 flags, unchanged (304)', graylane.unchanged),
  ],
});
addSection(
  'Which functions of graylane take the most time of such a request?',
  'The shares of their own time in the CPU time of the process, from a profile that samples every 200 us. `parse` is `JSON.parse`, which the handler of the bare server calls as well; `forEachInSlices` contains 50 evaluations and their counters. Most of the rest is the system, which writes to the socket, and Node, which takes the headers apart: the bare server does not look at them.',
  [
    '| request | the three that take most | share |',
    '| --- | --- | ---: |',
    ...(await profileOf('one flag', graylane.one)),
    ...(await profileOfBare('one flag', graylane.one)),
    ...(await profileOf('all 50 flags', graylane.all)),
    ...(await profileOf('all 50 flags, unchanged (304)', graylane.unchanged)),
  ],
);
await Promise.all(pools.map((pool) => pool.close()));
await Promise.all(
  [server, bareOne, bareAll, unleash, fastFeature, ...plain].map(async (one) => one?.close()),
);

function row(name: string, kind: Exclude<keyof Peer, 'name'>, baseline: Question): Row {
  const contenders = others.flatMap((peer) => {
    const { [kind]: question } = peer;
    return question ? [asking(peer.name, question)] : [];
  });
  return { name, contenders: [asking('express, same bytes', baseline), ...contenders] };
}

/** The CPU time of servers that send the same as graylane to a question. */
async function costs(name: string, question: Question, express?: BareProcess): Promise<Row> {
  const http = await BareProcess.start('http', JSON.stringify(await responseTo(question)));
  plain.push(http);
  return {
    name,
    contenders: [
      costing('node:http, same bytes', http, { ...question, to: poolTo(urlOf(http)) }),
      costing('graylane', server, question),
      ...(express
        ? [costing('express, same body', express, { ...question, to: poolTo(urlOf(express)) })]
        : []),
    ],
  };
}

/** A sample is the CPU time of one request, in microseconds. */
function costing(name: string, process: { readonly cpu: number }, question: Question): Contender {
  const [bursts, warmUp] = [60, 600];
  let isWarm = false;
  return {
    name,
    sample: async () => {
      for (let burst = isWarm ? warmUp : 0; burst < warmUp; burst += 1) await askAtOnce(question);
      isWarm = true;
      const before = process.cpu;
      for (let burst = 0; burst < bursts; burst += 1) await askAtOnce(question);
      return (process.cpu - before) / (bursts * connections);
    },
  };
}

async function askAtOnce(question: Question): Promise<void> {
  await Promise.all(Array.from({ length: connections }, async () => ask(question)));
}

/** The lines of a table: the functions of ours that take most of a server of its own. */
async function profileOf(name: string, question: Question): Promise<string[]> {
  const folder = mkdtempSync(`${tmpdir()}/graylane-profile-`);
  writeFileSync(`${folder}/flags.json`, JSON.stringify({ flags }));
  const profiles = `${folder}/profiles`;
  const ports = ['--port', '0', '--grpc-port', '0', '--management-port', '0'];
  const profiled = fork(serverProgram, ['--flags', `${folder}/flags.json`, ...ports], {
    execArgv: ['--cpu-prof', '--cpu-prof-interval', '200', '--cpu-prof-dir', profiles],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [{ ready }] = (await once(profiled, 'message')) as [{ ready: number }];
  const same = { ...question, to: poolTo(`http://127.0.0.1:${ready}`) };
  for (let burst = 0; burst < 2500; burst += 1) await askAtOnce(same);
  const gone = once(profiled, 'exit');
  profiled.kill('SIGTERM');
  await gone;
  const most = selfTimes(profileIn(profiles)).slice(0, 3);
  rmSync(folder, { recursive: true });
  return most.map((one) => profileLine(name, one));
}

/** The line of the only function of the bare server with node:http. */
async function profileOfBare(name: string, question: Question): Promise<string[]> {
  const folder = mkdtempSync(`${tmpdir()}/graylane-profile-`);
  const execArgv = ['--cpu-prof', '--cpu-prof-interval', '200', '--cpu-prof-dir', folder];
  const bare = await BareProcess.start('http', JSON.stringify(await responseTo(question)), execArgv);
  const same = { ...question, to: poolTo(urlOf(bare)) };
  for (let burst = 0; burst < 2500; burst += 1) await askAtOnce(same);
  await bare.close();
  const [most] = selfTimes(profileIn(folder), /(bare-server)\.ts$/);
  rmSync(folder, { recursive: true });
  return most === undefined ? [] : [profileLine(`${name}, node:http`, most)];
}

function profileIn(folder: string): string {
  const [file = ''] = readdirSync(folder);
  return `${folder}/${file}`;
}

function profileLine(name: string, { name: what, share }: SelfTime): string {
  return `| ${name} | ${what} | ${(100 * share).toFixed(1)} % |`;
}

async function ofrepPeer(name: string, url: string): Promise<Required<Peer>> {
  const to = poolTo(url);
  const [one, all] = [ofrep(to, '/flag-7'), ofrep(to, '')];
  return { name, one, all, unchanged: { ...all, headers: { 'if-none-match': (await ask(all)).etag } } };
}

/** A bare server sends the same response to every request. */
function barely(bare: BareProcess): Question {
  return ofrep(poolTo(urlOf(bare)), '');
}

function urlOf({ port }: BareProcess): string {
  return `http://127.0.0.1:${port}`;
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

async function ask(question: Question): Promise<{ text: string; etag: string }> {
  const answer = await request(question);
  if (answer.statusCode >= 400) throw new Error(`${question.path} was answered with ${answer.statusCode}`);
  return { text: await answer.body.text(), etag: String(answer.headers['etag']) };
}

async function request({ to, path, body, headers }: Question): Promise<Dispatcher.ResponseData> {
  return to.request({
    path,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
}

/** The status, headers and body that a bare server sends; Node adds the connection's headers. */
async function responseTo(question: Question): Promise<SameResponse> {
  const { statusCode, headers, body } = await request(question);
  const own = new Set(['date', 'connection', 'keep-alive', 'content-length']);
  const same = Object.entries(headers).filter(([name]) => !own.has(name));
  return { status: statusCode, headers: same, body: await body.text() };
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
