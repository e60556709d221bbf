import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Agent, request } from 'undici';
import { compare, type Contender, type Row } from '../support/bench.ts';
import { ExpressServer } from '../support/express-server.ts';
import { flagSet } from '../support/flag-sets.ts';
import { cpuOf, serverProgram } from '../support/server-process.ts';

const newest = fileURLToPath(new URL('../../.graylane/newest/node_modules/node/bin/node', import.meta.url));
if (!existsSync(newest)) {
  throw new Error('the newest Node is missing: node test/components/install/newest.js installs it');
}
const programs = [process.execPath, newest].map((path) => ({
  path,
  version: execFileSync(path, ['--version'], { encoding: 'utf8' }).trim().slice(1),
}));

const [requests, warmUp, inFlight] = [500, 10_000, 24];
const headers = {
  baggage: 'lane=gray,user-id=ada,tenant=acme,region=eu',
  'x-user-id': 'ada',
  'x-tenant': 'internal',
};
const agent = new Agent({ connections: inFlight });

async function drive({ origin }: ExpressServer, count: number): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const { body } = await request(`${origin}/orders/${next++}`, { dispatcher: agent, headers });
      await body.text();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

const modes = {
  'bare express': 'bare',
  floor: 'floor',
  'with baggageMiddleware': 'middleware',
  'edge: strip and dye': 'edge',
  'five flags, getSyncClient': 'flags',
};
const servers: ExpressServer[] = [];

/** Requests to express on one version of Node. */
async function requestsOn({ path: execPath, version }: (typeof programs)[number]): Promise<Row> {
  const contenders: Contender[] = [];
  for (const [name, mode] of Object.entries(modes)) {
    const server = await ExpressServer.start(mode, { execPath });
    servers.push(server);
    await drive(server, warmUp);
    const sample = async (): Promise<number> => {
      const before = await server.cpu();
      await drive(server, requests);
      return ((await server.cpu()) - before) / requests;
    };
    contenders.push({ name, sample });
  }
  return { name: `Node ${version}`, contenders: contenders as [Contender, ...Contender[]] };
}

const rows: Row[] = [];
for (const program of programs) rows.push(await requestsOn(program));
await compare({
  question: 'What CPU time does one request to express cost on each version of Node?',
  unit: 'us',
  rounds: 20,
  peers: ['express'],
  note: 'As on the page [http](http.md), in fewer rounds, on a machine that other programs use. The newest Node serves express itself at a fraction, so that the same microseconds are a larger multiple; and AsyncLocalStorage needs no async_hooks there, which is what `floor` pays for on Node 20.',
  rows,
});
await agent.close();
await Promise.all(servers.map(async (server) => server.stop()));

const folder = mkdtempSync(`${tmpdir()}/graylane-node-`);
writeFileSync(`${folder}/flags.json`, JSON.stringify(flagSet(1000), undefined, 2));
const bare = fileURLToPath(new URL('../support/started-process.js', import.meta.url));
const ports = ['--port', '0', '--grpc-port', '0', '--management-port', '0'];

function starting(name: string, execPath: string, program: string, args: readonly string[]): Contender {
  return {
    name,
    sample: async () => {
      const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const;
      const child = fork(program, args, { execPath, execArgv: [], stdio: [...stdio] });
      await once(child, 'message');
      const cpu = cpuOf(child.pid ?? 0) / 1000;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      return cpu;
    },
  };
}

await compare({
  question: 'What CPU time does the server take from start to ready on each version of Node?',
  unit: 'ms',
  rounds: 15,
  rows: programs.map(({ path, version }) => ({
    name: `Node ${version}`,
    contenders: [
      starting('Node alone', path, bare, []),
      starting('graylane-server, 1,000 flags', path, serverProgram, [
        '--flags',
        `${folder}/flags.json`,
        ...ports,
      ]),
    ],
  })),
});
rmSync(folder, { recursive: true });
