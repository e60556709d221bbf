import { GraylaneProvider } from '@graylane/provider';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { admin } from '../../apps/server/test/support/admin.ts';
import { runCommand, type CommandResult } from '../../apps/server/test/support/run-command.ts';
import { fees, serve, type Served } from '../../apps/server/test/support/serve.ts';

const lane = {
  state: 'ENABLED',
  variants: { gray: 'gray', baseline: 'baseline' },
  defaultVariant: 'baseline',
};

let served: Served;

beforeEach(async () => {
  served = await serve({ flags: { lane, fees } });
});
afterEach(() => served.close());

const kill = (...args: string[]): Promise<CommandResult> => runCommand(served.url, ['kill', ...args]);

test('kill switches a lane off, waits for the clients, and --lift ends it', async () => {
  const provider = new GraylaneProvider({ source: { url: served.url } });
  await provider.initialize();
  const ask = admin(served.url);
  await expect.poll(async () => (await ask('GET', 'clients')).body['confirmed']).toBe(1);
  const killed = await kill('gray', '--reason', 'errors');
  expect(killed).toEqual({
    code: 0,
    output: expect.stringMatching(
      /^lane gray is off at revision \S+\n1 of 1 clients, last after [\d,]+ ms\n$/,
    ),
  });
  expect((await kill()).output).toMatch(/^lane gray {2}\S+Z {2}anonymous {2}errors\n$/);
  const lifted = await kill('gray', '--lift');
  expect(lifted).toMatchObject({ code: 0, output: expect.stringMatching(/^lane gray is in use again/) });
  expect((await kill()).output).toBe('nothing is killed\n');
  await provider.onClose();
});

test('kill --flag switches a flag off; a name that does not exist gets a warning', async () => {
  expect((await kill('--flag', 'fees')).output).toMatch(/^flag fees is off .*\n0 of 0 clients\n$/);
  expect((await kill('grey')).output).toContain('warning: no flag has a variant that is the lane "grey"');
  const unknown = await kill('blue', '--lift');
  expect(unknown).toEqual({ code: 1, output: 'graylane-server: the lane "blue" is not killed\n' });
});

test.each([
  [['gray', '--flag', 'fees'], 'kill takes a lane or --flag, not both'],
  [['--lift'], 'kill --lift takes a lane or --flag'],
  [['a', 'b'], 'kill takes at most one lane, got 2'],
])('kill %j is refused', async (args, message) => {
  const { code, output } = await kill(...args);
  expect([code, output]).toEqual([2, expect.stringContaining(message)]);
});
