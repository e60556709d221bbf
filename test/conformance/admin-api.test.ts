import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createServer } from '@graylane/server';
import { expect, test } from 'vitest';
import { tokenIn } from '../../apps/server/test/support/with-tokens.ts';
import { describeWith } from '../components/components.ts';
import { schemathesis, schemathesisConfig, schemathesisProgram } from '../components/tools/schemathesis.ts';

await describeWith(schemathesis, 'the admin API, asked by schemathesis', () => {
  test('responds as its OpenAPI document describes, to valid and invalid requests', async () => {
    const folder = mkdtempSync(`${tmpdir()}/graylane-openapi-`);
    // With a token from the start: the first one that is created over the API closes the server.
    const token = await tokenIn(`${folder}/data/tokens.json`, { name: 'judge', scope: 'admin' });
    const warnings: string[] = [];
    const log = { info: () => {}, warn: (text: string) => warnings.push(text) };
    const server = await createServer(
      { source: { data: `${folder}/data` }, port: 0, grpcPort: 0, managementPort: 0 },
      log,
    );
    try {
      const document = `http://127.0.0.1:${server.port}/api/v1/openapi.json`;
      const header = `Authorization: Bearer ${token}`;
      const args = ['--config-file', schemathesisConfig, 'run', document, '--no-color', '--header', header];
      const child = spawn(schemathesisProgram, args, { cwd: folder });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => (output += text));
      }
      const [code] = (await once(child, 'close')) as [number];
      expect(code === 0 ? '' : output).toBe('');
      expect(output).toMatch(/[1-9]\d\d+ generated, \d+ passed/);
      // The kills that relays report are logged as warnings.
      expect(warnings.filter((text) => !/^\w+: relay /.test(text))).toEqual([]);
    } finally {
      await server.close();
      rmSync(folder, { recursive: true });
    }
  });
});
