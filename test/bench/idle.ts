import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { BareProcess } from '../support/bare-process.ts';
import { addSection, compare, type Contender } from '../support/bench.ts';
import { CrowdProcess } from '../support/crowd-process.ts';
import { flagSet } from '../support/flag-sets.ts';
import { selfTimes } from '../support/self-time.ts';
import { serverProgram, ServerProcess } from '../support/server-process.ts';

const sampleMs = 4000;
const followers = 5000;
/** After its start, a server collects garbage. */
const settlingMs = 15_000;

const folder = mkdtempSync(`${tmpdir()}/graylane-idle-`);

/** A data folder with so many environments of 50 flags. */
function dataFolder(environments: number): string {
  const data = `${folder}/${environments}`;
  for (let index = 0; index < environments; index += 1) {
    const environment = `${data}/environments/${index === 0 ? 'default' : `team-${index}`}`;
    mkdirSync(environment, { recursive: true });
    writeFileSync(`${environment}/flags.json`, JSON.stringify(flagSet(50)));
  }
  return data;
}

/** The CPU time of a process, in milliseconds a second, while `work` is done each second. */
function taking(
  name: string,
  process: { readonly cpu: number },
  work: () => Promise<void> = async () => {},
): Contender {
  return {
    name,
    sample: async () => {
      const [before, begun] = [process.cpu, performance.now()];
      while (performance.now() - begun < sampleMs) await Promise.all([work(), pause(1000)]);
      return (process.cpu - before) / (performance.now() - begun);
    },
  };
}

const servers = [
  await ServerProcess.startOn(dataFolder(1)),
  await ServerProcess.startOn(dataFolder(500)),
] as const;
await pause(settlingMs);
await compare({
  question: 'What CPU time does a server take that has nothing to do?',
  unit: 'ms/s',
  rounds: 8,
  note: 'Ten ms in a second are 1 % of a core. A server looks at twelve of its files every 500 ms, since mounted file systems report no changes; the rest are the timer that measures the delay of the event loop, and a sample of the memory each second.',
  rows: [
    {
      name: 'no clients',
      contenders: [
        taking('graylane, one environment', servers[0]),
        taking('graylane, 500 environments', servers[1]),
      ],
    },
  ],
});
await Promise.all(servers.map(async (server) => server.close()));

const server = await ServerProcess.start(flagSet(50));
const bare = await BareProcess.start('stream', 'retry: 1000\n\n');
const crowds = [
  await CrowdProcess.open(server.port, followers, { heartbeatS: 1 }),
  await CrowdProcess.open(bare.port, followers),
];
await pause(settlingMs);
await compare({
  question: 'What CPU time do 5,000 idle followers take?',
  unit: 'ms/s',
  rounds: 8,
  note: 'Each follower gets a heartbeat a second, as the provider requests it: a connection that is silent for 1.8 s counts as lost. The bare server writes as many bytes to each response in a loop, once a second. The system takes 5 to 10 us for a write to a socket, so the 5,000 writes of a second are most of the time of both: no server that sends them takes less than the bare one, and the goal of 20 ms/s lies below that.',
  rows: [
    {
      name: '5,000 followers',
      contenders: [
        taking('bare responses', bare, async () => {
          await (await fetch(`http://127.0.0.1:${bare.port}`, { method: 'POST' })).arrayBuffer();
        }),
        taking('graylane', server),
      ],
    },
  ],
});
await Promise.all([...crowds, server, bare].map(async (one) => one.close()));

addSection(
  'Which functions of graylane take the most time while followers are idle?',
  'The shares of their own time in the CPU time of the process, from a profile that samples every 200 us for 30 seconds, with the start. `send` is one `socket.write` for each heartbeat, which the bare server calls through its response.',
  ['| the three that take most | share |', '| --- | ---: |', ...(await profile())],
);
rmSync(folder, { recursive: true });

async function profile(): Promise<string[]> {
  const profiles = `${folder}/profiles`;
  const ports = ['--port', '0', '--grpc-port', '0', '--management-port', '0'];
  const profiled = fork(serverProgram, ['--data', `${folder}/1`, ...ports], {
    execArgv: ['--cpu-prof', '--cpu-prof-interval', '200', '--cpu-prof-dir', profiles],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [{ ready }] = (await once(profiled, 'message')) as [{ ready: number }];
  const crowd = await CrowdProcess.open(ready, followers, { heartbeatS: 1 });
  await pause(30_000);
  const gone = once(profiled, 'exit');
  profiled.kill('SIGTERM');
  await gone;
  await crowd.close();
  const [file = ''] = readdirSync(profiles);
  return selfTimes(`${profiles}/${file}`)
    .slice(0, 3)
    .map(({ name, share }) => `| ${name} | ${(100 * share).toFixed(1)} % |`);
}
