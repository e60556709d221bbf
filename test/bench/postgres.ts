import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { startPostgres } from '../components/services/postgres.ts';
import { compare, type Contender } from '../support/bench.ts';
import { CrowdProcess } from '../support/crowd-process.ts';
import { ServerProcess } from '../support/server-process.ts';

/** How many clients follow. */
const clients = Number(process.env['GRAYLANE_BENCH_CLIENTS'] ?? 1000);

/** Writes in one sample, and how many of them wait for a response at the same time. */
const [writes, atOnce] = [200, 16];

const postgres = await startPostgres();
const database = await postgres.createDatabase('bench');
const folder = mkdtempSync(`${tmpdir()}/graylane-bench-`);
const embedded = await ServerProcess.startOn(folder);
const one = await ServerProcess.startWith(['--database', database]);
const other = await ServerProcess.startWith(['--database', database]);
let n = 0;
for (const server of [embedded, one]) {
  for (let flag = 0; flag < atOnce; flag += 1) await put(server, flag, { 'if-none-match': '*' });
}

await compare({
  question: 'How many writes of one flag does a server take in a second?',
  unit: 'writes/s',
  rounds: 9,
  note: `PUT of one flag, on disk when the response comes. ${writes} writes are a sample. PostgreSQL runs on the same machine with its default settings (\`fsync\` on); the disk, and one server of two, take part in each write.`,
  rows: [
    {
      name: 'one after another',
      contenders: [writer('a data folder', embedded, 1), writer('PostgreSQL', one, 1)],
    },
    {
      name: `${atOnce} at once`,
      contenders: [writer('a data folder', embedded, atOnce), writer('PostgreSQL', one, atOnce)],
    },
  ],
});

const crowds = [
  await CrowdProcess.open(embedded.port, clients),
  await CrowdProcess.open(one.port, clients),
  await CrowdProcess.open(other.port, clients),
] as const;
await compare({
  question: `How long until the last of ${clients} clients has a change?`,
  unit: 'ms',
  rounds: 15,
  note: 'From the request of the write to the last client. The clients are sockets of another process on the same machine, for each contender.',
  rows: [
    {
      name: `${clients} clients`,
      contenders: [
        { name: 'of a server with a data folder', sample: () => crowds[0].hear(() => put(embedded, 0)) },
        { name: 'of the replica that was written', sample: () => crowds[1].hear(() => put(one, 0)) },
        { name: 'of another replica', sample: () => crowds[2].hear(() => put(one, 0)) },
      ],
    },
  ],
});

for (const crowd of crowds) await crowd.close();
for (const server of [embedded, one, other]) await server.close();
await postgres.close();
rmSync(folder, { recursive: true });

function writer(name: string, server: ServerProcess, parallel: number): Contender {
  return {
    name,
    sample: async () => {
      const start = performance.now();
      const each = async (flag: number): Promise<void> => {
        for (let write = 0; write < writes / parallel; write += 1) await put(server, flag);
      };
      await Promise.all(Array.from({ length: parallel }, (_, flag) => each(flag)));
      return writes / ((performance.now() - start) / 1000);
    },
  };
}

async function put(
  { url }: ServerProcess,
  flag: number,
  condition: Record<string, string> = { 'if-match': '*' },
): Promise<void> {
  n += 1;
  const response = await fetch(`${url}/api/v1/environments/default/flags/flag-${flag}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...condition },
    body: JSON.stringify({
      state: 'ENABLED',
      variants: { on: true, off: false },
      defaultVariant: 'on',
      metadata: { n, description: 'long enough that its event is longer than a heartbeat'.padEnd(100) },
    }),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`PUT returned ${response.status}`);
}
