import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { fees } from '../support/serve.ts';

const bin = fileURLToPath(new URL('../../bin/graylane-server.js', import.meta.url));
const folder = mkdtempSync(`${tmpdir()}/graylane-command-`);
const good = `${folder}/good.json`;
const bad = `${folder}/bad.json`;
writeFileSync(good, JSON.stringify({ flags: { fees } }));
writeFileSync(bad, JSON.stringify({ flags: { fees: { ...fees, state: 'ON', defaultVariant: 'blue' } } }));
afterAll(() => rmSync(folder, { recursive: true }));

describe('graylane-server', () => {
  test('explains itself with --help and names its version', async () => {
    const help = await run('--help');
    expect(help.code).toBe(0);
    for (const word of [
      '--flags',
      '--data',
      '--read-only',
      '--port',
      '--grpc-port',
      '--management-port',
      'check FILE',
      'flagd by gRPC, gRPC-Web and Connect',
      'flagd.sync.v1.FlagSyncService',
      'flagd.evaluation.v2.Service',
      'GRAYLANE_PORT',
    ]) {
      expect(help.output).toContain(word);
    }
    expect((await run('--version')).output).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('check lists every problem and exits with 1, or reports that the file has none', async () => {
    expect(await run('check', good)).toEqual({ code: 0, output: `${good}: no problems\n` });
    const { code, output } = await run('check', bad);
    expect(code).toBe(1);
    expect(output).toContain('$.flags.fees.state');
    expect(output).toContain('$.flags.fees.defaultVariant');
    expect(output).toContain('2 problems');
    expect((await run('check', `${folder}/none.json`)).code).toBe(1);
  });

  test.each([
    [['--flgs', 'x'], 'graylane-server: there is no option --flgs\n'],
    [['-x'], 'there is no option -x\n'],
    [['--flags', good, '--reason', 'why'], '--reason is not an option of serving: it is an option of import'],
    [['check', good, '--url', 'http://127.0.0.1:1'], 'of check: it is an option of export, import, history'],
    [['verify', folder, '--port', '1'], '--port is not an option of verify: it is an option of serving'],
    [['--flags', good, '--port', 'http'], '--port is "http"'],
    [['--upstream', 'http://ada:opensesame@127.0.0.1:1'], '--upstream is "http://***@127.0.0.1:1": use'],
    [
      ['--flags', 'https://ada:opensesame@127.0.0.1/a.json'],
      '--flags is "https://***@127.0.0.1/a.json": use',
    ],
    [['--flags', good, '--port', '70000'], '--port is "70000"'],
    [['--flags', good, '--allow-origin', 'shop.example'], 'use web origins, e.g. https://shop.example'],
    [
      ['--flags', good, '--allow-origin', 'https://shop.example/'],
      '--allow-origin is "https://shop.example/"',
    ],
    [['--flags', good, '--trust-proxy', '10.0.0.0/33'], '--trust-proxy is "10.0.0.0/33": use addresses'],
    [['serve'], 'no command "serve"'],
    [['--flags', good, '--data', folder], 'both given'],
    [['check'], 'check FILE'],
    [[], '--flags FILE'],
  ])('%j is refused with exit code 2 and the remedy', async (args, words) => {
    const { code, output } = await run(...args);
    expect(code).toBe(2);
    expect(output).toContain(words);
    expect(output).toContain('--help');
  });

  test('names the port in use and what moves it', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as AddressInfo;
    try {
      for (const [option, variable] of [
        ['--port', 'GRAYLANE_PORT'],
        ['--grpc-port', 'GRAYLANE_GRPC_PORT'],
        ['--management-port', 'GRAYLANE_MANAGEMENT_PORT'],
      ] as const) {
        const free = ['--port', '0', '--grpc-port', '0', '--management-port', '0'];
        const { code, output } = await run('--flags', good, ...free, option, String(port));
        expect(code).toBe(1);
        expect(output).toContain(`port ${port} is in use`);
        expect(output).toContain(variable);
      }
    } finally {
      holder.close();
    }
  });

  test('ends with 0 on SIGTERM, streams or not', async () => {
    const server = spawn(process.execPath, [
      bin,
      '--flags',
      good,
      '--port',
      '0',
      '--grpc-port',
      '0',
      '--management-port',
      '0',
    ]);
    let output = '';
    server.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    await expect.poll(() => output).toMatch(/http \d+/);
    const stream = await fetch(
      `http://127.0.0.1:${/http (\d+)/.exec(output)?.[1]}/api/v1/environments/default/stream`,
    );
    const gone = once(server, 'exit');
    server.kill('SIGTERM');
    expect(await gone).toEqual([0, null]);
    await stream.text();
  });
});

async function run(...args: string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [bin, ...args]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}
