import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeWith } from '../components/components.ts';
import { newest, newestNode } from '../components/tools/newest.ts';
import { sentry, sentryScript } from '../components/tools/sentry.ts';

const execute = promisify(execFile);
/** Sentry's own members, which it sends to every destination. */
const ownMembers = String.raw`sentry-[a-z_-]+=[^,]*(?:,\s*sentry-[a-z_-]+=[^,]*)*`;

await describeWith(sentry, "beside Sentry's SDK", () => {
  describeOrders(process.execPath);
});
await describeWith(
  { ...newest, available: async () => (await sentry.available()) && newest.available() },
  "beside Sentry's SDK, on the newest Node",
  () => describeOrders(newestNode),
);

function describeOrders(node: string): void {
  test.each(['sentry first', 'ours first'])(
    "one header leaves, with the lane first and Sentry's members: %s",
    async (order) => {
      const { NODE_OPTIONS: _ours, ...env } = process.env;
      const script = sentryScript('packages/baggage/test/sentry/cell.js');
      const { stdout } = await execute(node, [script], { env: { ...env, ORDER: order }, timeout: 100_000 });
      const received = JSON.parse(stdout) as Record<string, string[][]>;
      const laned = [expect.stringMatching(new RegExp(`^lane=gray,\\s*${ownMembers}$`))];
      const unlaned = [expect.stringMatching(new RegExp(`^${ownMembers}$`))];
      expect(received['astray stranger']).toEqual([unlaned]);
      for (const client of ['fetch', 'request', 'undici']) {
        expect([client, received[`${client} friend`]]).toEqual([client, [laned, unlaned, laned]]);
        expect([client, received[`${client} stranger`]]).toEqual([client, [unlaned, unlaned, unlaned]]);
      }
    },
  );
}
