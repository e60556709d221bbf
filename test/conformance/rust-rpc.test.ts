import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serve, type Served } from '../../apps/server/test/support/serve.ts';
import { askRustByRpc, rustClient } from '../components/clients/bucket-clients.ts';
import { describeWith } from '../components/components.ts';

const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
const gray = { if: [{ '==': [{ var: 'lane' }, 'gray'] }, 'on'] };
const document = {
  flags: {
    fees: { ...flag, targeting: gray },
    banner: { ...flag, variants: { on: 'grün', off: 'blau' }, targeting: gray },
    limit: { ...flag, variants: { on: 7, off: 3 }, targeting: gray },
    ratio: { ...flag, variants: { on: 0.25, off: 0.5 }, targeting: gray },
    open: { ...flag, defaultVariant: null, targeting: gray },
  },
};

await describeWith(rustClient.component, "Rust's flagd provider, by RPC", () => {
  let served: Served;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'graylane-rust-'));
    served = await serve(document);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await served.close();
  });

  test.each([
    ['each type, by the rule', 'boolean fees gray', 'true'],
    ['each type, by the rule', 'string banner gray', 'grün'],
    ['each type, by the rule', 'integer limit gray', '7'],
    ['each type, by the rule', 'float ratio gray', '0.25'],
    ['the default variant where no rule matches', 'boolean fees baseline', 'false'],
    ['the default variant where no rule matches', 'string banner baseline', 'blau'],
    [
      'an unknown flag as an error, so that the default of the code serves',
      'boolean nope gray',
      'FlagNotFound',
    ],
    ['a flag without a default variant as one, too', 'boolean open baseline', 'FlagNotFound'],
    ['that flag where its rule matches', 'boolean open gray', 'true'],
    // The client takes INVALID_ARGUMENT, flagd's status for another type, for this code.
    ['a flag of another type as an error', 'string fees gray', 'InvalidContext'],
  ])('reads %s: %s', async (_what, line, value) => {
    const file = join(folder, 'line.txt');
    writeFileSync(file, `${line}\n`);
    expect(await askRustByRpc(served.grpcPort, file)).toEqual([value]);
  });
});
