import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deltaOf } from '../../apps/server/src/protocols/stream/delta.ts';
import { reconnectSpreadMs } from '../../apps/server/src/sse/reconnect-delay.ts';

// What do 1,000,000 clients cost over a tree of relays? A model: the costs of one server are those
// that the other benchmarks have measured and written, and the rest is arithmetic and a simulation.

const docs = fileURLToPath(new URL('../../docs/benchmarks/', import.meta.url));
const clients = 1_000_000;

/** The measured costs of one server, on one core. */
const cost = {
  /** To write one event to one stream, the client's own work on the same machine included. */
  sendMs: figure('stream', /^\| 10000 clients \| graylane +\| +([\d,.]+)/m) / 10_000,
  memoryKb: figure('stream', /^\| one stream \| graylane +\| +([\d,.]+)/m),
  /** To take one report: a POST with a JSON body is an OFREP request with less to evaluate. */
  reportMs: 1000 / figure('ofrep', /^\| one flag +\| graylane +\| +([\d,.]+)/m),
};
/** A new stream: a request, and its first event. The handshake of TLS is not part of it. */
const connectMs = cost.reportMs + cost.sendMs;

/** Assumed: one way between two servers, or a server and a client. */
const networkMs = 5;
/** As in packages/source and apps/server/src/relay. */
const [coalesceMs, jitterShare, maxJitterMs] = [25, 8, 1000];

const fees = {
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  targeting: { if: [{ '==': [{ var: 'lane' }, 'gray'] }, 'on'] },
};
const bytes = {
  change: frameBytes({ path: ['flags', 'fees'], after: fees }),
  kill: frameBytes({
    path: ['$killed'],
    after: { lanes: { gray: { at: '2026-11-26T08:00:00.000Z', author: 'ada' } } },
  }),
  /** With the heads of request and response. */
  report: 420,
  reconnect: 700,
  heartbeat: 16,
};

/** A tree by the number of children at each level, the centre first. */
interface Tree {
  readonly name: string;
  readonly children: readonly number[];
}

const trees: readonly Tree[] = [
  { name: '1 centre, 100 relays, 10,000 clients each', children: [100, 10_000] },
  { name: '1 centre, 200 relays, 5,000 clients each', children: [200, 5000] },
  { name: '1 centre, 1,000 relays, 1,000 clients each', children: [1000, 1000] },
  { name: '1 centre, 20 relays, 20 below each, 2,500 clients each', children: [20, 20, 2500] },
];

/** The same draws in every run. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface ChangeResult {
  readonly lastClientMs: number;
  readonly lastConfirmedMs: number;
}

/** One change from the centre to all clients, and their confirmations back. */
function change({ children }: Tree, random: () => number): ChangeResult {
  const leaves = children.at(-1) ?? 0;
  let lastClientMs = 0;
  // The times at which the servers of a level have the change.
  let level = [0];
  for (const count of children.slice(0, -1)) level = level.flatMap((at) => spread(at, count));
  const jitterMs = Math.min(maxJitterMs, reconnectSpreadMs(leaves) / jitterShare);
  let reports = level.map((at) => {
    const arrivals = spread(at, leaves);
    lastClientMs = Math.max(lastClientMs, arrivals.at(-1) ?? 0);
    return lastServed(arrivals.map((time) => time + random() * jitterMs + networkMs));
  });
  for (const count of children.slice(0, -1).toReversed()) {
    const above = reports.length / count;
    reports = Array.from({ length: above }, (_, index) =>
      lastServed(reports.slice(index * count, (index + 1) * count).map((at) => at + coalesceMs + networkMs)),
    );
  }
  return { lastClientMs, lastConfirmedMs: Math.max(...reports) };
}

/** The arrivals at the children of a server that writes to one after the other. */
function spread(at: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => at + (index + 1) * cost.sendMs + networkMs);
}

/** When a server has served the last of some requests, one after the other. */
function lastServed(arrivals: readonly number[], each: number = cost.reportMs): number {
  let free = 0;
  for (const arrival of arrivals.toSorted((one, other) => one - other)) free = Math.max(free, arrival) + each;
  return free;
}

interface StormResult {
  readonly peak: number;
  readonly allBackMs: number;
  readonly longestMs: number;
}

/** All clients of one server lose their streams at once, and come back with full jitter. */
function storm(count: number, random: () => number): StormResult {
  const windowMs = Math.max(500, reconnectSpreadMs(count));
  const arrivals = Array.from({ length: count }, () => random() * windowMs).toSorted((a, b) => a - b);
  const buckets = new Map<number, number>();
  let [free, longestMs] = [0, 0];
  for (const arrival of arrivals) {
    const bucket = Math.floor(arrival / 100);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
    free = Math.max(free, arrival) + connectMs;
    longestMs = Math.max(longestMs, free - arrival);
  }
  return { peak: Math.max(...buckets.values()), allBackMs: free, longestMs };
}

/** By formula: each level is crossed by the last of its children. */
function onPaper({ children }: Tree): number {
  return children.reduce((sum, count) => sum + count * cost.sendMs + networkMs, 0);
}

function rows(): readonly (readonly string[])[] {
  return trees.map((tree, index) => {
    const { lastClientMs, lastConfirmedMs } = change(tree, randomOf(index + 1));
    return [tree.name, ms(onPaper(tree)), ms(lastClientMs), ms(lastConfirmedMs)];
  });
}

function loadRows(): readonly (readonly string[])[] {
  return trees.map(({ name, children }) => {
    const most = Math.max(...children);
    const perChange = most * (cost.sendMs + cost.reportMs);
    const heartbeat = (most * cost.sendMs) / 10;
    return [
      name,
      number(children[0] ?? 0),
      number(most),
      `${Math.round((most * cost.memoryKb) / 1024)} MB`,
      ms(perChange),
      `${heartbeat.toFixed(1)} %`,
      kilobytes(most * (bytes.change + bytes.report)),
      kilobytes(most * (bytes.kill + bytes.report)),
    ];
  });
}

function stormRows(): readonly (readonly string[])[] {
  return trees.map(({ name, children }, index) => {
    const leaves = children.at(-1) ?? 0;
    const { peak, allBackMs, longestMs } = storm(leaves, randomOf(index + 1));
    const relays = storm(children[0] ?? 0, randomOf(index + 1));
    return [
      name,
      number(peak),
      `${(allBackMs / 1000).toFixed(1)} s`,
      ms(longestMs),
      ms(leaves * connectMs),
      kilobytes(leaves * bytes.reconnect),
      number(relays.peak),
    ];
  });
}

function page(): string {
  const { sendMs, reportMs, memoryKb } = cost;
  return `# Model: relays

Written by \`npm run bench -- --write relay-model\`. A model and not a measurement: it takes the costs of one server from [stream](stream.md) and [ofrep](ofrep.md), ${us(sendMs)} for an event to one client, ${us(reportMs)} for a report of a client and ${memoryKb} KB for an open stream, and computes with them what ${number(clients)} clients cost. Assumed are ${networkMs} ms of network between two neighbours, one core for each server, no TLS, and clients that reconnect with what they have. The draws are those of a fixed seed.

## How long does a change take to the last of ${number(clients)} clients?

On paper, a level with \`n\` children adds \`n\` times the cost of an event, and the network. The simulation adds the confirmations: each client waits a random part of a window that grows with their number (at most ${maxJitterMs} ms), a relay reports at most every ${coalesceMs} ms, and a server handles one request after the other.

${table(['tree', 'on paper, last client', 'simulated, last client', 'simulated, last confirmation at the centre'], rows())}

## What does one server have to do?

The busiest server of the tree: for one change with its confirmations, and at rest, when each client gets a heartbeat of ${bytes.heartbeat} bytes a second. A change of one flag is ${bytes.change} bytes to each client, a kill ${bytes.kill}, and a confirmation about ${bytes.report} with the heads of HTTP.

${table(['tree', 'connections of the centre', 'most connections', 'their memory', 'CPU of a change', 'CPU of heartbeats', 'bytes of a change', 'bytes of a kill'], loadRows())}

## What if all clients lose their connection at once?

Every relay fails, or a region loses its network. The clients of a relay come back with full jitter over the window that it has asked for, and get what they have missed. CPU and bytes are those of one relay.

${table(['tree', 'most reconnects in 100 ms, one relay', 'all are back after', 'longest wait for the relay', 'CPU of a relay', 'bytes of a relay', 'reconnects in 100 ms, the centre'], stormRows())}

No server has more connections than children, and the centre has relays alone. The windows of reconnects and of confirmations grow with the clients of one relay, so smaller relays have all clients back, and confirmed, sooner.
`;
}

function table(heads: readonly string[], lines: readonly (readonly string[])[]): string {
  const rule = heads.map((_, index) => (index === 0 ? '---' : '---:'));
  return [heads, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function frameBytes(part: { readonly path: readonly string[]; readonly after: unknown }): number {
  const [member = ''] = part.path;
  const revision = {
    revision: '0123456789abcdef.1000',
    at: '',
    author: '',
    changes: [part],
  } as unknown as Parameters<typeof deltaOf>[0];
  return deltaOf(revision, { [member]: part.after }).chunk.length;
}

/** A figure of a page that another benchmark has written. */
function figure(name: string, pattern: RegExp): number {
  const [, found] = pattern.exec(readFileSync(`${docs}${name}.md`, 'utf8')) ?? [];
  if (found === undefined) throw new Error(`docs/benchmarks/${name}.md has no figure ${String(pattern)}`);
  return Number(found.replaceAll(',', ''));
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function ms(value: number): string {
  return `${number(Math.round(value))} ms`;
}

function us(value: number): string {
  return `${Math.round(value * 1000)} µs`;
}

function kilobytes(value: number): string {
  return value < 1e6 ? `${Math.round(value / 1000)} KB` : `${(value / 1e6).toFixed(1)} MB`;
}

const written = page();
console.log(written);
if (process.env['GRAYLANE_BENCH_WRITE']) {
  writeFileSync(`${docs}relay-model.md`, written);
  execFileSync('npx', ['--no', '--', 'oxfmt', `${docs}relay-model.md`]);
}
