import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from '../support/components.ts';
import { kafka, startKafka, type Broker } from '../support/kafka.ts';
import { newest, newestAndKafka, newestScripts } from '../support/newest.ts';

const execute = promisify(execFile);
const scripts = 'packages/baggage/test/instrumented';
const workspace = {
  node: process.execPath,
  folder: fileURLToPath(new URL(`../../${scripts}`, import.meta.url)),
};

/** What crossed the wire in one request, call or message: values of `baggage`, how many of `traceparent`. */
interface Crossing {
  readonly baggage: readonly string[];
  readonly traceparent: number;
}

/** What a cell prints: what arrived from clients, and what handlers of servers saw. */
type Outcome = Readonly<Record<string, readonly Crossing[] | readonly string[]>>;

/** The libraries, and what of them we adapt. */
const libraries = [
  ['express', ['server']],
  ['http', ['client', 'callbacks', 'server']],
  ['fetch', ['client', 'redirects']],
  ['undici', ['client', 'redirects', 'redirects in both orders']],
  ['grpc', ['client', 'callbacks', 'server']],
] as const;
const messaging = [['kafkajs', ['client', 'server']]] as const;

/** The propagator beside the instrumentation, and what a client that nobody wrapped then sends to anybody. */
const propagators = [
  ['always', ['lane=gray,user-id=ada']],
  ['stock', ['lane=gray,user-id=ada']],
  ['adapters', []],
  ['none, and no instrumentation', []],
] as const;

const newestName = 'beside OpenTelemetry 3.x, on the newest Node';

describe('beside OpenTelemetry 2.x', () => matrix(() => workspace, libraries));
await describeWith(kafka, 'beside OpenTelemetry 2.x', () => matrixOverKafka(() => workspace));
await describeWith(newest, newestName, () => matrix(() => newestScripts(scripts), libraries));
await describeWith(newestAndKafka, newestName, () => matrixOverKafka(() => newestScripts(scripts)));

function matrix(
  bring: () => typeof workspace,
  rows: ReadonlyArray<readonly [string, readonly string[]]>,
  brokers: () => string = () => '',
): void {
  let where: typeof workspace;
  beforeAll(() => {
    where = bring();
  });

  describe.each(rows)('%s', (library, parts) => {
    test.each(propagators)('propagator %s', async (propagator, bare) => {
      check(await run(where, library, propagator, brokers()), parts, propagator, bare);
    });
  });
}

function matrixOverKafka(bring: () => typeof workspace): void {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(async () => broker?.close());
  matrix(bring, messaging, () => broker.brokers);
}

async function run(
  { node, folder }: typeof workspace,
  library: string,
  propagator: string,
  brokers: string,
): Promise<Outcome> {
  const setup = propagator.startsWith('none') ? [] : ['--import', `${folder}/setup.js`];
  const { NODE_OPTIONS: _ours, ...inherited } = process.env;
  const env = { ...inherited, LIBRARY: library, PROPAGATOR: propagator, KAFKA_BROKERS: brokers };
  const { stdout } = await execute(node, [...setup, `${folder}/cell.js`], {
    env,
    cwd: folder,
    timeout: 100_000,
  });
  return JSON.parse(stdout) as Outcome;
}

function check(
  outcome: Outcome,
  parts: readonly string[],
  propagator: string,
  bare: readonly string[],
): void {
  const traced = propagator.startsWith('none') ? 0 : 1;
  const crossed = (...baggage: string[]): Crossing => ({ baggage, traceparent: traced });
  const silent: Crossing = { baggage: [], traceparent: 0 };
  const suffix = traced ? ' traced' : '';
  expect(outcome).toEqual({
    ...(parts.includes('client') && {
      named: [crossed('lane=gray')],
      replaced: [crossed('lane=gray')],
      reused: [crossed('lane=gray'), crossed()],
      stranger: [crossed()],
      'stranger, by hand': [crossed()],
      suppressed: [silent],
      'suppressed, bare': [silent],
      bare: [crossed(...bare)],
    }),
    ...(parts.includes('callbacks') && { onward: [crossed('lane=gray'), crossed('lane=gray')] }),
    ...(parts.includes('redirects') && { redirected: [crossed('lane=gray'), crossed()] }),
    ...(parts.includes('redirects in both orders') && { unfollowed: [crossed('lane=gray')] }),
    ...(parts.includes('server') && {
      stripped: [`baseline${suffix}`, `baseline${suffix}`],
      accepted: [`gray lane=gray${suffix}`, `baseline${suffix}`],
    }),
  });
}
