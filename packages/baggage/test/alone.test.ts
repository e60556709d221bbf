import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('without an OpenTelemetry SDK the API package is enough', async () => {
  const script = fileURLToPath(new URL('fixtures/alone.ts', import.meta.url));
  const args = ['--conditions=@graylane/source', '--import', 'tsx', script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(JSON.parse(stdout)).toEqual({
    awaited: 'gray',
    bound: 'gray',
    outside: 'baseline',
    thrown: 'baseline',
  });
});
