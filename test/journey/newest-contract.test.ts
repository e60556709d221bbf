import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeWith } from '../components/components.ts';
import { newest, newestNode } from '../components/tools/newest.ts';

const execute = promisify(execFile);
const configuration = fileURLToPath(new URL('../newest/vitest.config.ts', import.meta.url));
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

/** The part of the JSON reporter's output that the test reads. */
interface Report {
  readonly numPassedTests: number;
  readonly testResults: ReadonlyArray<{
    readonly message: string;
    readonly assertionResults: ReadonlyArray<{
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }>;
  }>;
}

await describeWith(newest, 'on the newest Node, with undici 8 and OpenTelemetry 3.x', () => {
  test('the adapters for HTTP and gRPC keep all of their contract', async () => {
    const { numPassedTests, testResults } = await runContract();
    const faults = testResults.flatMap(({ message, assertionResults }) => [
      ...(message ? [message] : []),
      ...assertionResults
        .filter(({ status }) => status !== 'passed')
        .map(({ status, fullName, failureMessages }) => [status, fullName, ...failureMessages].join('\n')),
    ]);
    expect(faults).toEqual([]);
    expect(numPassedTests).toBeGreaterThan(200);
  });
});

async function runContract(): Promise<Report> {
  const ours = /^(?:NODE_OPTIONS|VITEST|TEST$)/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
  const args = [vitest, 'run', '--config', configuration, '--reporter=json'];
  // Vitest fails where a test does; what failed is in the report.
  const { stdout } = await execute(newestNode, args, { env, maxBuffer: 2 ** 26 }).catch(
    (error: { stdout: string }) => error,
  );
  return JSON.parse(stdout) as Report;
}
