import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { describeWith } from '../../../test/components/components.ts';
import { prometheus } from '../../../test/components/services/prometheus.ts';
import { codeBlocks } from '../../../test/support/markdown.ts';
import { freePort } from '../../../test/support/supervised.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const bin = fileURLToPath(new URL('../bin/graylane-slis.js', import.meta.url));
const execute = promisify(execFile);
const blocks = codeBlocks('docs/slis.md');

/** The commands of the page with their output, in their order. */
const commands = blocks
  .filter(({ info }) => info === 'console')
  .flatMap(({ code }) => code.split(/^\$ /m).slice(1))
  .map((part) => {
    const end = part.indexOf('\n');
    return [part.slice(0, end), part.slice(end + 1).trimEnd()] as const;
  });

await describeWith(prometheus, 'docs/slis.md', () => {
  let folder = '';
  let service: ChildProcess;
  let ports: readonly (readonly [written: string, real: string])[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(`${tmpdir()}/graylane-slis-`);
    symlinkSync(`${root}node_modules`, `${folder}/node_modules`);
    writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
    writeFileSync(`${folder}/shop.js`, blocks.find(({ info }) => info === 'js [shop.js]')?.code ?? '');
    const [port, management] = [String(await freePort()), String(await freePort())];
    ports = [
      ['3000', port],
      ['9464', management],
    ];
    const start =
      blocks.find(({ code }) => code.includes('--import'))?.code.replace(/\bnode\b/, 'exec node') ?? '';
    service = spawn('bash', ['-c', start], {
      cwd: folder,
      env: { ...process.env, PORT: port, GRAYLANE_MANAGEMENT_PORT: management },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    for (const at of [port, management]) await vi.waitUntil(() => isOpen(at), { timeout: 100_000 });
  }, 120_000);
  afterAll(() => {
    service.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  test('its commands print what it shows', { timeout: 120_000 }, async () => {
    expect(commands.length).toBeGreaterThan(8);
    for (const [command, output] of commands) {
      expect([command, await run(command)]).toEqual([command, output]);
    }
  });

  async function isOpen(port: string): Promise<boolean> {
    return fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
  }

  async function run(command: string): Promise<string> {
    let line = command.replace('npx @graylane/slis', `"${process.execPath}" "${bin}"`);
    for (const [written, real] of ports) line = line.replace(`:${written}`, `:${real}`);
    const { stdout, stderr } = await execute('bash', ['-c', line], { cwd: folder }).catch(
      (error: unknown) => error as { stdout: string; stderr: string },
    );
    return `${stdout}${stderr}`.trimEnd();
  }
});
