import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { compare, type Contender } from '../support/bench.ts';
import { flagSet } from '../support/flag-sets.ts';
import { cpuOf, serverProgram } from '../support/server-process.ts';

const bare = fileURLToPath(new URL('../support/started-process.js', import.meta.url));
const folder = mkdtempSync(`${tmpdir()}/graylane-start-`);
const ports = ['--port', '0', '--grpc-port', '0', '--management-port', '0'];

/** Measures a process that is ready, which was started at that time. */
type Measure = (pid: number, begun: number) => number;

function starting(name: string, program: string, args: readonly string[], measure: Measure): Contender {
  return {
    name,
    sample: async () => {
      const begun = performance.now();
      const child = fork(program, args, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      await once(child, 'message');
      const measured = measure(child.pid ?? 0, begun);
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      return measured;
    },
  };
}

function contenders(measure: Measure): [Contender, ...Contender[]] {
  const serving = (size: number): Contender => {
    const file = `${folder}/${size}.json`;
    writeFileSync(file, JSON.stringify(flagSet(size), undefined, 2));
    const name = `graylane-server, ${size.toLocaleString('en')} flag${size === 1 ? '' : 's'}`;
    return starting(name, serverProgram, ['--flags', file, ...ports], measure);
  };
  return [
    starting('Node alone', bare, [], measure),
    starting('node:http, which listens', bare, ['http'], measure),
    serving(1),
    serving(1000),
    serving(10_000),
  ];
}

await compare({
  question: 'What CPU time does a server take from its start until it is ready?',
  unit: 'ms',
  rounds: 15,
  note: 'A new process each time; the CPU time of all its threads when it reports that it is ready. The server is one bundle, and loads what few servers need with the first request for it: express for the admin API, Connect and Protobuf for gRPC, the receiver of OTLP; PostgreSQL and OpenID Connect where they are configured. A test bounds the files that it loads (`apps/server/test/cli/loaded-files.test.ts`).',
  rows: [{ name: 'start', contenders: contenders((pid) => cpuOf(pid) / 1000) }],
});

await compare({
  question: 'How long does a server take from its start until it is ready?',
  unit: 'ms',
  rounds: 15,
  note: 'The same by the clock, on a machine that other programs use.',
  rows: [{ name: 'start', contenders: contenders((_pid, begun) => performance.now() - begun) }],
});
rmSync(folder, { recursive: true });
