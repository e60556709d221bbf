import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from '../components/components.ts';
import { kafka, startKafka, type Broker } from '../components/services/kafka.ts';
import { newest, newestAndKafka, newestScripts } from '../components/tools/newest.ts';

const execute = promisify(execFile);
const scripts = 'packages/baggage/test/instrumented';
const workspace = {
  node: process.execPath,
  folder: fileURLToPath(new URL(`../../${scripts}`, import.meta.url)),
};

/**
 * The baggage on the wire in one request, call or message: values of `baggage`, how many of
 * `traceparent`.
 */
interface Crossing {
  readonly baggage: readonly string[];
  readonly traceparent: number;
}

/**
 * The output of a cell: the baggage that arrived from clients, and the lanes that handlers of
 * servers saw.
 */
type Outcome = Readonly<Record<string, readonly Crossing[] | readonly string[] | string>>;

/** The libraries, and what of them we adapt. */
const libraries = [
  ['express', ['express 5', 'server']],
  ['express4', ['express 4', 'server']],
  ['http', ['client', 'callbacks', 'server']],
  ['fetch', ['client', 'redirects', 'redirects handed on']],
  ['undici', ['client', 'redirects', 'redirects in both orders']],
  ['grpc', ['client', 'callbacks', 'server']],
] as const;
const messaging = [['kafkajs', ['client', 'server']]] as const;

/**
 * The propagator beside the instrumentation, and the baggage that a client without a wrapper then
 * sends to every destination.
 */
const propagators = [
  ['always', ['lane=gray,user-id=ada']],
  ['stock', ['lane=gray,user-id=ada']],
  ['adapters', []],
  ['ingress', []],
  ['none, and no instrumentation', []],
] as const;

const newestName = 'beside OpenTelemetry 3.x, on the newest Node';

/** One for all cells: each has topics and groups of its own. */
let sharedBroker: Promise<Broker> | undefined;
afterAll(async () => (await sharedBroker)?.close());

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
      const there = library === 'express4' ? besideExpress4(where) : where;
      check(await run(there, library.replace('4', ''), propagator, brokers()), parts, propagator, bare);
    });
  });
}

function matrixOverKafka(bring: () => typeof workspace): void {
  let brokers: string;
  beforeAll(async () => {
    sharedBroker ??= startKafka();
    ({ brokers } = await sharedBroker);
  });
  matrix(bring, messaging, () => brokers);
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
  const express = parts.find((part) => part.startsWith('express'));
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
      nested: [crossed('lane=gray')],
    }),
    ...(parts.includes('callbacks') && { onward: [crossed('lane=gray'), crossed('lane=gray')] }),
    ...(parts.includes('redirects') && {
      redirected: [crossed('lane=gray'), crossed()],
      'redirected, by hand': [crossed('lane=gray'), crossed()],
      // The baggage that the others leak behind a redirect depends on the request that opened the
      // socket.
      'redirected, bare': bare.length === 0 ? [crossed(), crossed()] : (expect.any(Array) as Crossing[]),
    }),
    ...(parts.includes('redirects handed on') && { 'handed on': [crossed('lane=gray')] }),
    ...(parts.includes('redirects in both orders') && {
      unfollowed: [crossed('lane=gray')],
      'unfollowed, by hand': [crossed('lane=gray')],
    }),
    ...(express && { about: `${express}${traced ? ' instrumented' : ''}` }),
    ...(parts.includes('server') && {
      stripped: [`baseline${suffix}`, `baseline${suffix}`],
      accepted: [`gray lane=gray${suffix}`, `baseline${suffix}`],
      unwrapped: unwrapped(propagator),
    }),
  });
}

/**
 * The baggage that a server without a wrapper sees: of a gray request of a user, and of one in an
 * unknown lane.
 */
function unwrapped(propagator: string): readonly string[] {
  if (propagator.startsWith('none')) return ['baseline', 'baseline'];
  if (propagator === 'ingress') return ['gray lane=gray traced', 'baseline traced'];
  // The stock propagator lets all baggage in, and none of it counts.
  if (propagator === 'stock') return ['baseline lane=gray user-id=ada traced', 'baseline lane=dead traced'];
  return ['baseline traced', 'baseline traced'];
}

/**
 * The same scripts, where `express` is its version 4: instrumentation goes by the name under which
 * a package is installed.
 */
function besideExpress4({ node, folder }: typeof workspace): typeof workspace {
  const express4 = dirname(createRequire(`${folder}/cell.js`).resolve('express4/package.json'));
  const there = join(express4, '../../.graylane/express4');
  cpSync(express4, `${there}/node_modules/express`, { recursive: true });
  cpSync(folder, `${there}/instrumented`, { recursive: true });
  return { node, folder: `${there}/instrumented` };
}
