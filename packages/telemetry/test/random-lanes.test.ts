import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { describeWith } from '../../../test/components/components.ts';
import { newest, newestScripts } from '../../../test/components/tools/newest.ts';

const execute = promisify(execFile);
const here = { node: process.execPath, folder: fileURLToPath(new URL('instrumented', import.meta.url)) };
const names = [
  'feature_flag_evaluations',
  'http_client_request_duration',
  'http_server_request_duration',
  'sli_duration',
  'sli_events',
];

describe('10,000 random lanes, with OpenTelemetry 2.x', () => suite(() => here));
await describeWith(newest, '10,000 random lanes, with OpenTelemetry 3.x', () =>
  suite(() => newestScripts('packages/telemetry/test/instrumented')),
);

function suite(where: () => typeof here): void {
  test('create no series beside the known lane and "other", in Prometheus and in OTLP', async () => {
    const { node, folder } = where();
    const { stdout } = await execute(node, ['random-lanes.js'], { cwd: folder });
    const series = Object.fromEntries(names.map((name) => [name, ['gray', 'other']]));
    expect(JSON.parse(stdout)).toEqual({ prometheus: series, otlp: series });
  });
}
