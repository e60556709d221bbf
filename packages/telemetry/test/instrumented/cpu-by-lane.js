// Burns CPU in two lanes, 75 and 25 of 100 parts, while the management port records a profile.
// Prints the CPU time by lane as JSON.
import { getActiveCell, runInLane } from '@graylane/baggage';
import { managementServer } from '@graylane/telemetry/management';
import { Profile } from 'pprof-format';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import './sdk.js';

const management = managementServer({ port: 0, crash: false });
const at = `${await management.listening}/debug/pprof/profile`;
// The first one loads the profiler.
await (await fetch(`${at}?seconds=0.05`)).arrayBuffer();
process.stdout.write(JSON.stringify(await record(2)), () => process.exit(0));

/** Records again, and for longer, until the recording has all of the work. */
async function record(seconds) {
  const startedAt = performance.now();
  const response = fetch(`${at}?seconds=${seconds}`);
  const recording = { isOpen: true };
  const ended = response.then(() => (recording.isOpen = false));
  // The port makes one recording at a time.
  while (recording.isOpen && (await fetch(`${at}?seconds=0.001`)).status !== 429) await sleep(1);
  await work();
  const isComplete = performance.now() - startedAt < 1000 * seconds;
  await ended;
  const reply = await response;
  return isComplete && reply.ok ? readSplit(reply) : record(2 * seconds);
}

/** Each piece is long, so that a sample more or less at its ends is nothing. */
async function work() {
  // A request that is dyed late: all of its time counts for its lane.
  await runInLane('baseline', async () => {
    burn(200);
    await sleep(0);
    getActiveCell().dye('gray');
    burn(100);
  });
  await runInLane('team-a', async () => {
    await sleep(0);
    burn(100);
  });
}

async function readSplit(reply) {
  const byLane = reply.headers.get('graylane-cpu-by-lane');
  const profile = Profile.decode(gunzipSync(new Uint8Array(await reply.arrayBuffer())));
  const text = (index) => profile.stringTable.strings[Number(index)];
  const types = profile.sampleType.map(({ type }) => text(type));
  const nanoseconds = {};
  for (const { value, label } of profile.sample) {
    const lane = text(label.find(({ key }) => text(key) === 'lane')?.str ?? 0) || 'none';
    nanoseconds[lane] = (nanoseconds[lane] ?? 0) + Number(value[types.indexOf('cpu')]);
  }
  return { byLane, nanoseconds };
}

function burn(milliseconds) {
  const start = process.cpuUsage();
  let spent = 0;
  while (spent < 1000 * milliseconds) {
    for (let index = 0; index < 1e5; index++) Math.sqrt(index);
    const { user, system } = process.cpuUsage(start);
    spent = user + system;
  }
}
