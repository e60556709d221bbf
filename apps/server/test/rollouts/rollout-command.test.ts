import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { admin } from '../support/admin.ts';
import { runCommand, type CommandResult } from '../support/run-command.ts';
import { serveFolder, type Served } from '../support/serve.ts';
import { dyeRule, request } from './rollout-requests.ts';

let served: Served;
let folder: string;
let file: string;

beforeEach(async () => {
  served = await serveFolder({ flags: { lane: dyeRule } });
  folder = mkdtempSync(`${tmpdir()}/graylane-rollout-command-`);
  file = `${folder}/rollout.json`;
  writeFileSync(file, JSON.stringify(request));
});
afterEach(async () => {
  await served.close();
  rmSync(folder, { recursive: true });
});

function run(...args: string[]): Promise<CommandResult> {
  return runCommand(served.url, ['rollout', ...args]);
}

async function started(): Promise<string> {
  const { code, output } = await run('start', file);
  expect(code).toBe(0);
  return output.split(' ')[0] ?? '';
}

describe('graylane-server rollout', () => {
  test('starts a rollout, lists it, and moves it with a reason', async () => {
    const id = await started();
    expect((await run('list')).output).toContain(
      `${id}  gray by the flag lane: running, step 1 of 4, 5 % gray, 5 % control, mode pause`,
    );
    const paused = await run('pause', id, '--reason', 'wait for ☕');
    expect(paused).toEqual({ code: 0, output: expect.stringContaining('because   wait for ☕') });
    expect((await run('promote', id)).output).toContain('running, step 2 of 4');
    expect((await run('promote', id, '--full')).output).toContain('promoted, step 4 of 4');
    expect((await run('rollback', id)).output).toContain('rolled back');
    expect((await run('finish', id)).output).toContain('rolled back, finished');
    const { body } = await admin(served.url)('GET', 'history');
    expect(body['revisions']).toContainEqual(expect.objectContaining({ reason: 'pause: wait for ☕' }));
  });

  test('prints JSON for programs', async () => {
    const id = await started();
    expect(JSON.parse((await run('status', id, '--json')).output)).toMatchObject({ id, state: 'running' });
    expect(JSON.parse((await run('list', '--json')).output)).toMatchObject([{ id }]);
  });

  test('prints the faults of a request with their remedies', async () => {
    writeFileSync(file, JSON.stringify({ ...request, lane: 'other', unit: 'session' }));
    const { code, output } = await run('start', file);
    expect(code).toBe(1);
    expect(output).toContain('$.lane: this is "other": use a DNS label');
    expect(output).toContain('$.unit: this is "session": use one of request, user, tenant');
    expect((await run('pause', 'x')).output).toContain('there is no rollout "x" here');
  });

  test.each([
    [[]],
    [['start']],
    [['stop', 'x']],
    [['list', 'x']],
    [['pause', 'x', 'y']],
    [['pause', 'x', '--full']],
  ])('refuses %j with the usage', async (args) => {
    const { code, output } = await run(...args);
    expect([code, output]).toEqual([2, expect.stringMatching(/rollout (takes one of|promote)/)]);
  });

  test('watches a rollout in lines until it has ended', async () => {
    const id = await started();
    const watching = run('watch', id);
    await run('pause', id, '--reason', 'a hunch');
    await run('rollback', id, '--reason', 'enough');
    const { code, output } = await watching;
    expect(code).toBe(1);
    expect(output).toMatch(/start by anonymous/);
    expect(output).toMatch(/pause by anonymous: a hunch/);
    expect(output).toMatch(/rollback by anonymous: enough/);
    expect(output).not.toContain('\u001B');
  });
});
