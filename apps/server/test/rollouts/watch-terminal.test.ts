import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeWith } from '../../../../test/components/components.ts';
import { TerminalSession, terminals, type Size } from '../../../../test/components/tools/terminal.ts';
import { TcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { admin } from '../support/admin.ts';
import { bin } from '../support/run-command.ts';
import { serveFolder, type Served } from '../support/serve.ts';
import { dyeRule, request } from './rollout-requests.ts';

let served: Served;
let id: string;
let terminal: TerminalSession;

beforeEach(async () => {
  served = await serveFolder({ flags: { lane: dyeRule } });
  const { body } = await admin(served.url)('POST', 'rollouts', {
    body: { ...request, guard: { ...request.guard, lookSeconds: 1 } },
  });
  id = body['id'] as string;
});
afterEach(async () => {
  terminal.close();
  await served.close();
});

/** `rollout watch` in a terminal, once it shows the rollout. */
async function watch(size: Size, url = served.url): Promise<void> {
  const env = { ...process.env, GRAYLANE_URL: url };
  terminal = new TerminalSession([process.execPath, bin, 'rollout', 'watch', id], size, env);
  await shows(new RegExp(`^${id}`));
}

async function act(name: string, reason: string): Promise<void> {
  const headers = { 'graylane-reason': encodeURIComponent(reason) };
  expect((await admin(served.url)('POST', `rollouts/${id}/${name}`, { headers })).status).toBe(200);
}

/** The first lines of the terminal match these patterns. */
async function shows(...patterns: readonly RegExp[]): Promise<void> {
  const matched = patterns.map((pattern) => expect.stringMatching(pattern) as unknown);
  await expect.poll(() => terminal.lines.slice(0, patterns.length)).toEqual(matched);
}

const full = { columns: 120, rows: 30 };
const state = /^\w+ {2}gray by the fla/;

await describeWith(terminals, 'graylane-server rollout watch in a terminal', () => {
  test('shows the newest state alone, and leaves it there when the rollout has ended', async () => {
    await watch(full);
    await act('pause', 'a hunch');
    await shows(/: paused, step 1 of 4/, /^because {3}a hunch$/);
    await act('rollback', '回滚：支付变慢');
    expect(await terminal.ended()).toEqual({ code: 1, restored: true });
    await shows(/: rolled back, step 1 of 4/, /^because {3}回滚：支付变慢$/, /^looks/);
    expect(terminal.lines.filter((line) => state.test(line))).toHaveLength(1);
    expect(terminal.isPlain).toBe(true);
  });

  test('fits a window that is resized, also while the server hangs', async () => {
    await act('pause', 'wait for ☕ 支付团队确认，然后继续 and for the cache to be warm again, please');
    const network = await TcpProxy.open(Number(new URL(served.url).port));
    await watch(full, `http://127.0.0.1:${network.port}`);
    await shows(state, /^because .*please$/, /^looks {5}no look yet$/, /^hold/);
    network.freeze();
    const before = terminal.lines.length;
    terminal.resize({ columns: 31, rows: 30 });
    await shows(state, /^because {3}wait for ☕ 支付团队$/, /^looks {5}no look yet$/, /^hold/);
    expect(terminal.lines).toHaveLength(before);
    terminal.resize({ columns: 31, rows: 3 });
    await expect.poll(() => terminal.lines.at(-1)).toMatch(/^because/);
    terminal.resize(full);
    await expect.poll(() => terminal.lines.at(-1)).toMatch(/^hold/);
    expect(terminal.lines.findLast((line) => line.startsWith('because'))).toMatch(/please$/);
    await network.close();
  });

  test('leaves the terminal as it was at Ctrl-C', async () => {
    await watch(full);
    terminal.press('\u0003');
    expect(await terminal.ended()).toEqual({ code: -2, restored: true });
    expect(terminal.isPlain).toBe(true);
  });

  test('shows once that the server is gone', async () => {
    await watch(full);
    await served.close();
    await shows(/^trouble {3}no server responds at/, state, /^because/);
    const polls = terminal.raw.split('trouble').length;
    await expect.poll(() => terminal.raw.split('trouble').length).toBeGreaterThan(polls);
    await shows(/^trouble {3}no server responds at/, state, /^because/);
  });
});
