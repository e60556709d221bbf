import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeWith } from '../../../test/components/components.ts';
import { newest, newestScripts } from '../../../test/components/tools/newest.ts';

const execute = promisify(execFile);

interface Outcome {
  readonly byLane: string;
  readonly nanoseconds: Readonly<Record<string, number>>;
}

async function profile(node: string, folder: string): Promise<Outcome> {
  const { stdout } = await execute(node, ['cpu-by-lane.js'], { cwd: folder });
  return JSON.parse(stdout) as Outcome;
}

await describeWith(newest, 'a CPU profile on the newest Node', () => {
  test('is split by the lane that each request has at its end', async () => {
    const { node, folder } = newestScripts('packages/telemetry/test/instrumented');
    const { byLane, nanoseconds } = await profile(node, folder);
    expect(byLane).toBe('yes');
    const { gray = 0, 'team-a': teamA = 0, baseline = 0 } = nanoseconds;
    expect(gray / (gray + teamA + baseline)).toBeGreaterThan(0.55);
    expect(gray / (gray + teamA + baseline)).toBeLessThan(0.92);
    expect(baseline).toBeLessThan(0.15 * gray);
  });
});

test('a CPU profile on a Node that can not split it has the reason', async () => {
  const folder = fileURLToPath(new URL('instrumented', import.meta.url));
  const { byLane, nanoseconds } = await profile(process.execPath, folder);
  expect(byLane).toMatch(/^no; (?:@datadog\/pprof is not installed|Node .* can't label samples)/);
  expect(Object.keys(nanoseconds)).toEqual(['none']);
});
