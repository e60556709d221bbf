import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { BareProcess } from '../support/bare-process.ts';
import { compare, type Contender } from '../support/bench.ts';
import { openRawStream, type RawStream } from '../support/raw-stream.ts';
import { ServerProcess } from '../support/server-process.ts';

/** How many clients follow; `GRAYLANE_BENCH_CLIENTS=1000,5000,10000` for the long run. Twice as many sockets are open here. */
const audiences = (process.env['GRAYLANE_BENCH_CLIENTS'] ?? '1000,5000').split(',').map(Number);

const followers = fileURLToPath(new URL('../support/followers.ts', import.meta.url));

const flag = (version: number): object => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  targeting: { if: [{ '==': [{ var: 'lane' }, 'gray'] }, 'on'] },
  metadata: { version, owner: 'team-payments', ticket: 'SHOP-1234' },
});
const setOf = (count: number, version: number): object => ({
  flags: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`flag-${index}`, flag(index === 0 ? version : 0)]),
  ),
});
let version = 0;

await tellEverybody();
await rememberEverybody();
await tellProviders();
await startUp();

async function tellEverybody(): Promise<void> {
  const server = await ServerProcess.start(setOf(1, 0));
  const delta = `event: delta\nid: 0\ndata: ${JSON.stringify({ revision: '0', flags: { 'flag-0': flag(0) } })}\n\n`;
  const bare = await BareProcess.start('stream', delta);
  const change = async (): Promise<void> => put(server, 'flag-0');
  const tell = async (): Promise<void> =>
    void (await fetch(`http://127.0.0.1:${bare.port}`, { method: 'POST' }));
  for (const count of audiences) {
    const open: RawStream[] = [];
    await compare({
      question: `How long until the last of ${count} streams has a change?`,
      unit: 'ms',
      rounds: 9,
      note: 'From the write, which is on disk before anybody is told, to the last client. All clients are sockets of one other process on the same machine, and much of the time is theirs. The baseline sends the same bytes and writes nothing to disk.',
      rows: [
        {
          name: `${count} clients`,
          contenders: [
            telling('a loop over bare responses', await crowd(bare.port, count, open), tell),
            telling('graylane', await crowd(server.port, count, open), change),
          ],
        },
      ],
    });
    for (const { socket } of open) socket.destroy();
  }
  await Promise.all([server.close(), bare.close()]);
}

async function rememberEverybody(): Promise<void> {
  const count = 2000;
  const weigh = (name: string, begin: () => Promise<BareProcess | ServerProcess>): Contender => ({
    name,
    sample: async () => {
      const server = await begin();
      const open: RawStream[] = [];
      await crowd(server.port, 200, open);
      const before = server.memory;
      await crowd(server.port, count, open);
      const weight = (server.memory - before) / count / 1024;
      for (const { socket } of open) socket.destroy();
      await server.close();
      return weight;
    },
  });
  await compare({
    question: 'How much memory does an open stream take?',
    unit: 'KB',
    rounds: 3,
    note: `Resident memory of the server's process per stream, of ${count} streams after 200.`,
    rows: [
      {
        name: 'one stream',
        contenders: [
          weigh('bare responses', async () => BareProcess.start('stream', '')),
          weigh('graylane', async () => ServerProcess.start(setOf(1, 0))),
        ],
      },
    ],
  });
}

async function tellProviders(): Promise<void> {
  const [flags, clients] = [1000, 10];
  const server = await ServerProcess.start(setOf(flags, 0));
  const following = async (kind: 'graylane' | 'flagd'): Promise<Contender> => {
    const port = kind === 'graylane' ? server.port : server.grpcPort;
    const child = fork(followers, [kind, String(port), String(clients)], {
      execArgv: ['--conditions=@graylane/source', '--import', 'tsx'],
    });
    const reply = async (): Promise<unknown> => once(child, 'message');
    await reply();
    endings.push(() => child.disconnect());
    return {
      name: `${kind}'s provider`,
      // Only those who are measured are connected, so that nobody works on anybody else's time.
      sample: async () => {
        child.send('open');
        await reply();
        const changed = reply();
        const start = performance.now();
        await put(server, 'flag-0');
        await changed;
        const elapsed = performance.now() - start;
        child.send('close');
        await reply();
        return elapsed;
      },
    };
  };
  const endings: Array<() => void> = [];
  await compare({
    question: `How long until ten services have one change of ${flags} flags?`,
    unit: 'ms',
    rounds: 5,
    peers: ['@openfeature/flagd-provider'],
    note: "Ten providers in one process, each in-process, of one server: flagd's over `flagd.sync.v1`, graylane's over the change stream. From the write until the last of them has told its listeners.",
    rows: [
      {
        name: `${clients} providers`,
        contenders: [await following('flagd'), await following('graylane')],
      },
    ],
  });
  for (const end of endings) end();
  await server.close();
}

async function startUp(): Promise<void> {
  const starting = (name: string, begin: () => Promise<BareProcess | ServerProcess>): Contender => ({
    name,
    sample: async () => {
      const begun = performance.now();
      const server = await begin();
      const elapsed = performance.now() - begun;
      await server.close();
      return elapsed;
    },
  });
  await compare({
    question: 'How long does a server take from its start until it is ready?',
    unit: 'ms',
    rounds: 5,
    peers: ['express'],
    note: 'A new process each time.',
    rows: [
      {
        name: 'start',
        contenders: [
          starting('one flag', async () => ServerProcess.start(setOf(1, 0))),
          starting('1,000 flags', async () => ServerProcess.start(setOf(1000, 0))),
        ],
      },
    ],
  });
}

/** Writes a new version of one flag. */
async function put(server: ServerProcess, key: string): Promise<void> {
  const answer = await fetch(`${server.url}/api/v1/environments/default/flags/${key}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', 'if-match': '*' },
    body: JSON.stringify(flag((version += 1))),
  });
  await answer.text();
  if (!answer.ok) throw new Error(`the change answered ${answer.status}`);
}

/** Opens so many streams, a few at a time. */
async function crowd(port: number, count: number, open: RawStream[]): Promise<RawStream[]> {
  const streams: RawStream[] = [];
  while (streams.length < count) {
    const few = Math.min(100, count - streams.length);
    streams.push(
      ...(await Promise.all(Array.from({ length: few }, () => openRawStream(port, { reads: true })))),
    );
  }
  if (streams.some(({ status }) => status !== 200)) throw new Error('a stream was turned away');
  open.push(...streams);
  return streams;
}

/** A sample is the time from the change to the last stream that has all of it. */
function telling(name: string, streams: readonly RawStream[], change: () => Promise<void>): Contender {
  return {
    name,
    sample: async () => {
      const heard = Promise.all(streams.map(hears));
      const start = performance.now();
      const changed = change();
      await heard;
      const elapsed = performance.now() - start;
      await changed;
      return elapsed;
    },
  };
}

/** Resolves when a stream has a change: its end of an event, which no heartbeat is long enough for. */
async function hears({ socket }: RawStream): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = (bytes: Buffer): void => {
      if (bytes.length < 200) return;
      socket.off('data', look);
      resolve();
    };
    socket.on('data', look);
  });
}
