// Burns CPU in two lanes, 60 and 40 of 100 parts, in pieces that do not beat with the sampler's 10 ms, while the management port records a profile. Prints the CPU time by lane as JSON.
import { getActiveCell, runInLane } from '@graylane/baggage';
import { managementServer } from '@graylane/telemetry/management';
import { Profile } from 'pprof-format';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import './sdk.js';

const management = managementServer({ port: 0, crash: false });
const seconds = 4;
const response = fetch(`${await management.listening}/debug/pprof/profile?seconds=${seconds}`);
await sleep(200);
const end = performance.now() + 1000 * seconds;
while (performance.now() < end) {
  // A request that is dyed late: all of its time counts for its lane.
  await runInLane('baseline', async () => {
    burn(2.3);
    await sleep(0);
    getActiveCell().dye('gray');
    burn(2.3);
  });
  await runInLane('team-a', async () => {
    await sleep(0);
    burn(3.07);
  });
  await sleep(0);
}
const reply = await response;
const byLane = reply.headers.get('graylane-cpu-by-lane');
const profile = Profile.decode(gunzipSync(new Uint8Array(await reply.arrayBuffer())));
const text = (index) => profile.stringTable.strings[Number(index)];
const types = profile.sampleType.map(({ type }) => text(type));
const nanoseconds = {};
for (const { value, label } of profile.sample) {
  const lane = text(label.find(({ key }) => text(key) === 'lane')?.str ?? 0) || 'none';
  nanoseconds[lane] = (nanoseconds[lane] ?? 0) + Number(value[types.indexOf('cpu')]);
}
process.stdout.write(JSON.stringify({ byLane, nanoseconds }), () => process.exit(0));

function burn(milliseconds) {
  const until = process.cpuUsage().user + 1000 * milliseconds;
  while (process.cpuUsage().user < until);
}
