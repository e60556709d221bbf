import { gunzipSync } from 'node:zlib';
import { managementServer, type ManagementServer } from '@graylane/telemetry/management';
import { Profile } from 'pprof-format';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from '../../../test/components/components.ts';
import { go, goToolPprof } from '../../../test/components/clients/go.ts';

let server: ManagementServer;
let url = '';
const held: { memory?: unknown } = {};
let work: NodeJS.Timeout;

beforeAll(async () => {
  server = managementServer({ port: 0, crash: false });
  url = `${await server.listening}/debug/`;
  work = setInterval(() => {
    burnCpuForTheTest();
    held.memory = holdMemoryForTheTest();
  }, 50);
});

afterAll(async () => {
  clearInterval(work);
  await server.close();
  delete held.memory;
});

function burnCpuForTheTest(): number {
  let sum = 0;
  for (let index = 0; index < 3e6; index++) sum += Math.sqrt(index);
  return sum;
}

/**
 * 8 MiB: the sampler takes one sample for each 512 KiB on average, and a call of which it takes
 * none has a probability of e^-16.
 */
function holdMemoryForTheTest(): unknown[] {
  return Array.from({ length: 64 }, () => Array.from({ length: 16_384 }).fill(0));
}

/**
 * Allocates the objects that are held anew: a profile of live objects has only those of the time
 * since the sampler started, and a profile of all allocations starts it again.
 */
async function liveProfile(path: string): Promise<Profile> {
  held.memory = holdMemoryForTheTest();
  return profile(path);
}

async function profile(path: string): Promise<Profile> {
  const response = await fetch(`${url}${path}`);
  return Profile.decode(gunzipSync(new Uint8Array(await response.arrayBuffer())));
}

function functionsOf({ function: functions, stringTable }: Profile): string[] {
  return functions.map(({ name }) => stringTable.strings[Number(name)] ?? '');
}

describe('profiles', () => {
  test('a CPU profile has the functions that ran, and no more time than its window', async () => {
    const recorded = await profile('pprof/profile?seconds=1');
    expect(functionsOf(recorded)).toContain('burnCpuForTheTest');
    const total = recorded.sample.reduce((sum, { value }) => sum + Number(value[1]), 0);
    expect(total).toBeGreaterThan(0);
    expect(total).toBeLessThanOrEqual(Number(recorded.durationNanos));
    expect(functionsOf(recorded)).not.toContain('(idle)');
  });

  test('a CPU profile that is not split by lane has the reason', async () => {
    const response = await fetch(`${url}pprof/profile?seconds=0.1`);
    expect(response.headers.get('graylane-cpu-by-lane')).toMatch(/^no; .*LaneContextManager/);
    const { comment, stringTable } = Profile.decode(gunzipSync(new Uint8Array(await response.arrayBuffer())));
    expect(stringTable.strings[Number(comment[0])]).toMatch(/^not split by lane: /);
  });

  test('heap profiles show live objects, allocation profiles all of them', async () => {
    const live = await liveProfile('pprof/heap?gc=1');
    expect(functionsOf(live)).toContain('holdMemoryForTheTest');
    const allocated = await profile('pprof/allocs?seconds=1');
    expect(functionsOf(allocated)).toContain('holdMemoryForTheTest');
    const type = (recorded: Profile): string =>
      recorded.stringTable.strings[Number(recorded.sampleType[1]?.type)] ?? '';
    expect([type(live), type(allocated)]).toEqual(['inuse_space', 'alloc_space']);
  });

  test('are also served as Chrome DevTools reads them', async () => {
    const cpu = await (await fetch(`${url}pprof/profile?seconds=0.2&format=cpuprofile`)).json();
    expect(cpu).toMatchObject({ nodes: expect.any(Array), samples: expect.any(Array) });
    const heap = await (await fetch(`${url}pprof/heap?format=heapprofile`)).json();
    expect(heap).toMatchObject({ head: { callFrame: { functionName: '(root)' } } });
  });

  test.each(['0', '-1', 'x', '121', '1e9', ''])('take no %j seconds', async (seconds) => {
    const response = await fetch(`${url}pprof/profile?seconds=${seconds}`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('at most 120');
  });

  test('are recorded one at a time, and one whose client is gone ends', async () => {
    const gone = new AbortController();
    const first = fetch(`${url}pprof/profile?seconds=100`, { signal: gone.signal });
    await expect
      .poll(async () => (await fetch(`${url}pprof/allocs?seconds=0.01`)).status, { interval: 20 })
      .toBe(429);
    gone.abort();
    await expect(first).rejects.toThrow('abort');
    await expect
      .poll(async () => (await fetch(`${url}pprof/allocs?seconds=0.01`)).status, { interval: 20 })
      .toBe(200);
  });

  test('a heap snapshot is refused without headroom', async () => {
    const careful = managementServer({ port: 0, crash: false, snapshot: { headroom: 1e6 } });
    const response = await fetch(`${await careful.listening}/debug/heapsnapshot`);
    expect(response.status).toBe(507);
    expect(await response.text()).toMatch(
      /needs about \d+ MiB, and \d+ MiB are free; use \/debug\/pprof\/heap/,
    );
    await careful.close();
    const small = managementServer({ port: 0, crash: false, snapshot: { maxHeapBytes: 1000 } });
    expect((await fetch(`${await small.listening}/debug/heapsnapshot`)).status).toBe(507);
    await small.close();
  });

  test('several ports share one sampler: closing one leaves the others theirs', async () => {
    const other = managementServer({ port: 0, crash: false });
    await other.listening;
    await other.close();
    expect(functionsOf(await liveProfile('pprof/heap'))).toContain('holdMemoryForTheTest');
  });
});

await describeWith(go, 'go tool pprof', () => {
  test.each([
    ['profile?seconds=1', 'burnCpuForTheTest', 'Type: cpu'],
    ['heap', 'holdMemoryForTheTest', 'Type: inuse_space'],
    ['allocs?seconds=1', 'holdMemoryForTheTest', 'Type: alloc_space'],
  ])('reads /debug/pprof/%s from the port', async (path, name, type) => {
    held.memory = holdMemoryForTheTest();
    const report = await goToolPprof('-top', '-nodecount=500', `${url}pprof/${path}`);
    expect(report).toContain(type);
    expect(report).toContain(name);
  });
});
