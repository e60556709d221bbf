import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Agent, request } from 'undici';
import { compare, type Contender } from '../support/bench.ts';

const scripts = fileURLToPath(new URL('../../packages/telemetry/test/instrumented', import.meta.url));
const baggage = 'lane=gray,user-id=ada,tenant=acme,region=eu';
const requests = 500;
/** Before this many, V8 has not compiled what it will. */
const warmUp = 10_000;
const inFlight = 24;
const agent = new Agent({ connections: inFlight });

interface Server {
  readonly process: ChildProcess;
  readonly origin: string;
}

async function start(mode: string): Promise<Server> {
  const execArgv = mode.startsWith('otel') ? ['--import', `${scripts}/bench-sdk.js`] : [];
  const child = fork(`${scripts}/bench-server.js`, { execArgv, env: { ...process.env, MODE: mode } });
  const [port] = (await once(child, 'message')) as [number];
  const server = { process: child, origin: `http://127.0.0.1:${port}` };
  await drive(server, warmUp);
  return server;
}

async function drive({ origin }: Server, count = requests): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const { body } = await request(`${origin}/orders/${next++}`, {
        dispatcher: agent,
        headers: { baggage },
      });
      await body.text();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

/** Microseconds of CPU time so far. */
async function cpu({ process: child }: Server): Promise<number> {
  child.send('cpu');
  const [{ user, system }] = (await once(child, 'message')) as [NodeJS.CpuUsage];
  return user + system;
}

async function contender(name: string, mode: string): Promise<Contender> {
  const server = await start(mode);
  return {
    name,
    sample: async () => {
      const before = await cpu(server);
      await drive(server);
      return ((await cpu(server)) - before) / requests;
    },
  };
}

await compare({
  question: 'What CPU time does one request to express cost, with its signals by lane?',
  unit: 'us',
  rounds: 40,
  peers: ['express', '@opentelemetry/instrumentation-http', '@opentelemetry/sdk-metrics', 'prom-client'],
  note: 'Four members come in. OpenTelemetry: the http instrumentation, with every span recorded and not exported, and a meter provider. `floor` runs the handler in an OTel context of its own and sets the two response headers: no middleware that carries a lane can be cheaper. `instrumentLanes` also writes the lane and the user on the span, and the lane and http.route on the metric. prom-client: the histogram and timer of its documentation, without a lane.',
  rows: [
    {
      name: 'with an SDK',
      contenders: [
        await contender('OpenTelemetry alone', 'otel'),
        await contender('floor', 'otel + floor'),
        await contender('with baggageMiddleware', 'otel + middleware'),
        await contender('with baggageMiddleware and instrumentLanes', 'otel + instrumentLanes'),
      ],
    },
    {
      name: 'without',
      contenders: [
        await contender('bare express', 'bare'),
        await contender('prom-client', 'prom-client'),
        await contender('laneMetrics', 'laneMetrics'),
      ],
    },
  ],
});

const startUp = (name: string, args: readonly string[]): Contender => ({
  name,
  sample: () => {
    const startedAt = performance.now();
    const env = {
      ...process.env,
      GRAYLANE_MANAGEMENT_PORT: '0',
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_METRICS_EXPORTER: 'prometheus',
    };
    spawnSync(process.execPath, [...args, '--eval', ''], { cwd: scripts, env });
    return performance.now() - startedAt;
  },
});

await compare({
  question: 'How long does Node take to start and to end?',
  unit: 'ms',
  rounds: 10,
  peers: ['@opentelemetry/sdk-node'],
  rows: [
    {
      name: 'an empty program',
      contenders: [
        startUp('node', []),
        startUp('node --import @opentelemetry/sdk-node', ['--import', '@opentelemetry/sdk-node']),
        startUp('node --import @graylane/telemetry/register', ['--import', '@graylane/telemetry/register']),
      ],
    },
  ],
});

process.exit(0);
