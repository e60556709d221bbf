import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { openFilesLimit } from '../../apps/server/src/http/port/descriptors.ts';
import { BareProcess } from '../support/bare-process.ts';
import { compare, type Contender } from '../support/bench.ts';
import { CrowdProcess } from '../support/crowd-process.ts';
import { ServerProcess } from '../support/server-process.ts';

/** How many clients follow. */
const audiences = (process.env['GRAYLANE_BENCH_CLIENTS'] ?? '1000,5000,10000').split(',').map(Number);

const followers = fileURLToPath(new URL('../support/followers.ts', import.meta.url));

const flag = (version: number, text = ''): object => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  targeting: { if: [{ '==': [{ var: 'lane' }, 'gray'] }, 'on'] },
  metadata: { version, owner: 'team-payments', ticket: 'SHOP-1234', text },
});
const setOf = (count: number, version: number): object => ({
  flags: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`flag-${index}`, flag(index === 0 ? version : 0)]),
  ),
});
let version = 0;

await tellEverybody();
await tellBesideStalled();
await rememberEverybody();
await tellProviders();

async function tellEverybody(): Promise<void> {
  const server = await ServerProcess.start(setOf(1, 0));
  const delta = `event: delta\nid: 0\ndata: ${JSON.stringify({ revision: '0', flags: { 'flag-0': flag(0) } })}\n\n`;
  const bare = await BareProcess.start('stream', delta);
  const change = async (): Promise<void> => put(server, 'flag-0');
  const tell = async (): Promise<void> =>
    void (await fetch(`http://127.0.0.1:${bare.port}`, { method: 'POST' }));
  for (const count of audiences) {
    const question = `How long until the last of ${count} streams has a change?`;
    const [limit, needed] = [openFilesLimit(), Math.ceil(count / 0.9) + 200];
    if (limit < needed) {
      const why = `left out: ${needed} open files are needed and ${limit} allowed (ulimit -n)`;
      const contender = { name: why, sample: () => Number.NaN };
      await compare({
        question,
        unit: 'ms',
        rounds: 1,
        rows: [{ name: `${count} clients`, contenders: [contender] }],
      });
      continue;
    }
    const crowds = [
      await CrowdProcess.open(bare.port, count),
      await CrowdProcess.open(server.port, count),
    ] as const;
    await compare({
      question,
      unit: 'ms',
      rounds: 9,
      note: 'From the write, which is on disk before any client gets it, to the last client. The clients are sockets of another process for each contender on the same machine, and much of the time is theirs. The baseline sends the same bytes and writes nothing to disk.',
      rows: [
        {
          name: `${count} clients`,
          contenders: [
            { name: 'a loop over bare responses', sample: () => crowds[0].hear(tell) },
            { name: 'graylane', sample: () => crowds[1].hear(change) },
          ],
        },
      ],
    });
    for (const crowd of crowds) await crowd.close();
  }
  await Promise.all([server.close(), bare.close()]);
}

async function tellBesideStalled(): Promise<void> {
  const [live, stalled, changes, text] = [200, 50, 10, 'x'.repeat(50_000)];
  const crowds: CrowdProcess[] = [];
  const servers: ServerProcess[] = [];
  const beside = async (name: string, others: number): Promise<Contender> => {
    const server = await ServerProcess.start(setOf(1, 0));
    servers.push(server);
    const readers = await CrowdProcess.open(server.port, live);
    crowds.push(readers);
    if (others > 0) crowds.push(await CrowdProcess.open(server.port, others, { reads: false }));
    // The system takes some megabytes for those who don't read.
    for (let times = 0; times < 100; times += 1) await put(server, 'flag-0', text);
    return {
      name,
      sample: async () => {
        let longest = 0;
        for (let times = 0; times < changes; times += 1) {
          longest = Math.max(longest, await readers.hear(() => put(server, 'flag-0', text)));
        }
        return longest;
      },
    };
  };
  await compare({
    question: 'Do clients that stop reading keep the others waiting?',
    unit: 'ms',
    rounds: 9,
    note: `The longest of ${changes} changes of 50 KB, each from the write to the last of ${live} clients that read.`,
    rows: [
      {
        name: `${live} clients that read`,
        contenders: [await beside('alone', 0), await beside(`beside ${stalled} that have stopped`, stalled)],
      },
    ],
  });
  for (const one of [...crowds, ...servers]) await one.close();
}

async function rememberEverybody(): Promise<void> {
  const count = 2000;
  const weigh = (name: string, begin: () => Promise<BareProcess | ServerProcess>): Contender => ({
    name,
    sample: async () => {
      const server = await begin();
      const first = await CrowdProcess.open(server.port, 200);
      const before = server.memory;
      const crowd = await CrowdProcess.open(server.port, count);
      const weight = (server.memory - before) / count / 1024;
      for (const one of [first, crowd, server]) await one.close();
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
      // Only the measured clients are connected, so that no others take CPU time.
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
    note: "Ten providers in one process, each in-process, of one server: flagd's over `flagd.sync.v1`, graylane's over the change stream. From the write until the last of them has called its listeners.",
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

/** Writes a new version of one flag, with a string of this length. */
async function put(server: ServerProcess, key: string, text?: string): Promise<void> {
  const answer = await fetch(`${server.url}/api/v1/environments/default/flags/${key}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', 'if-match': '*' },
    body: JSON.stringify(flag((version += 1), text)),
  });
  await answer.text();
  if (!answer.ok) throw new Error(`the change answered ${answer.status}`);
}
