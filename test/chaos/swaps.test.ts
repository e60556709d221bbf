import { GraylaneProvider } from '@graylane/provider';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ServerProcess } from '../support/server-process.ts';

const swaps = 1000;
const evaluations = 1_000_000;
const batch = 500;

let server: ServerProcess;
let provider: GraylaneProvider;

beforeEach(async () => {
  server = await ServerProcess.start({ flags: { pair: pair(0) } });
  provider = new GraylaneProvider({ source: { url: server.url } });
  await provider.initialize();
});
afterEach(async () => {
  await provider.onClose();
  await server.close();
});

test(`no evaluation of ${evaluations} sees half of a change, and none goes back, while ${swaps} changes come`, async () => {
  const load = { evaluated: 0, latest: 0, changing: true };
  const seen = new Set<number>();
  const torn: unknown[] = [];
  const evaluate = async (): Promise<void> => {
    while (load.evaluated < evaluations || load.changing) {
      for (let count = 0; count < batch; count += 1) {
        const answer = await provider.resolveNumberEvaluation('pair', -1, {});
        const { value, variant, flagMetadata } = answer;
        if (variant !== `v${value}` || flagMetadata?.['version'] !== value || value < load.latest)
          torn.push(answer);
        load.latest = value;
        seen.add(value);
      }
      load.evaluated += batch;
      // The network has its turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const change = async (): Promise<void> => {
    for (let version = 1; version <= swaps; version += 1) {
      const answer = await fetch(`${server.url}/api/v1/environments/default/flags/pair`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', 'if-match': '*' },
        body: JSON.stringify(pair(version)),
      });
      if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
      await answer.text();
    }
    await expect.poll(() => load.latest).toBe(swaps);
    load.changing = false;
  };
  await Promise.all([evaluate(), change()]);
  expect(torn).toEqual([]);
  expect(load.evaluated).toBeGreaterThanOrEqual(evaluations);
  // Each change had an event of its own, or this would show nothing.
  expect(seen.size).toBeGreaterThan(swaps / 2);
});

/** A flag whose rule, value, variant and metadata all have the same version. */
function pair(version: number): object {
  const variant = `v${version}`;
  return {
    state: 'ENABLED',
    variants: { [variant]: version },
    defaultVariant: variant,
    targeting: { if: [true, variant] },
    metadata: { version },
  };
}
