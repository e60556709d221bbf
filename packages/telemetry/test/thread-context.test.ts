import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { describeWith } from '../../../test/components/components.ts';
import { newest, newestScripts } from '../../../test/components/tools/newest.ts';

const here = fileURLToPath(new URL('instrumented', import.meta.url));
const env = {
  ...process.env,
  GRAYLANE_LANES: 'gray',
  GRAYLANE_MANAGEMENT_PORT: 'off',
  GRAYLANE_THREAD_CONTEXT: 'on',
  OTEL_TRACES_EXPORTER: 'none',
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_LOGS_EXPORTER: 'none',
};

await describeWith(newest, 'the thread context on the newest Node', () => {
  test('has the trace, and the lane that the request has', () => {
    const { node, folder } = newestScripts('packages/telemetry/test/instrumented');
    const { stdout, stderr } = run(node, folder, ['thread-context.js']);
    expect(stderr).toContain('; thread context (lane is attribute 0); ');
    expect(JSON.parse(stdout)).toEqual({
      outside: { lane: '', hasTrace: false },
      before: { lane: 'baseline', hasTrace: true },
      after: { lane: 'gray', hasTrace: true },
    });
  });
});

test('the thread context is not there, with the reason, where Node or the package can not', () => {
  const { stdout, stderr } = run(process.execPath, here, ['--eval', 'console.log(7)']);
  expect(stderr).toMatch(/; no thread context: (?:@datadog\/pprof is not installed|.* this Node)/);
  expect(stdout).toBe('7\n');
});

function run(
  node: string,
  cwd: string,
  args: readonly string[],
): { readonly stdout: string; readonly stderr: string } {
  return spawnSync(node, ['--import', '@graylane/telemetry/register', ...args], {
    cwd,
    env,
    encoding: 'utf8',
  });
}
