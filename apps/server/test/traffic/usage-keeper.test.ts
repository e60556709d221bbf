import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEnvironments } from '../../src/compose/open-environments.ts';
import { Intake } from '../../src/signals/intake.ts';
import { sourceOf } from '../../src/signals/source.ts';
import { storeOf, type Environments } from '../../src/store/environments.ts';
import { UsageKeeper } from '../../src/usage/usage-keeper.ts';
import { runCommand } from '../support/run-command.ts';
import { fees, serveFolder } from '../support/serve.ts';
import { exporterTo } from '../support/otlp.ts';

const log = { info: () => {}, warn: (line: string) => void warnings.push(line) };
let warnings: string[];
let folder: string;
let environments: Environments;
beforeEach(async () => {
  warnings = [];
  folder = mkdtempSync(`${tmpdir()}/graylane-keeper-`);
  environments = await openEnvironments({ source: { data: folder } }, log);
  await storeOf(environments, 'default').write(() => ({
    author: 'test',
    edits: [{ path: ['flags', 'fees'], value: fees }],
  }));
});
afterEach(async () => {
  await environments.close();
  rmSync(folder, { recursive: true });
});

/** A server of its own, as far as usage is concerned. */
async function openKeeper(shares = environments): Promise<{ keeper: UsageKeeper; count: Count }> {
  const intake = new Intake(log);
  const keeper = await UsageKeeper.open({ environments: shares, intake, log });
  const count = async (value: number, variant = 'on', environment = 'default'): Promise<void> => {
    const attributes = new Map([
      ['feature_flag.key', 'fees'],
      ['feature_flag.result.variant', variant],
    ]);
    const source = sourceOf(new Map([['service.name', 'payments']]), '');
    const data = { kind: 'sum', temporality: 'delta', monotonic: true, value } as const;
    const name = 'graylane.flag.evaluations';
    await intake.deliverMetrics(environment, [
      { source, name, unit: '', attributes, startMs: 0, timeMs: 1, data },
    ]);
  };
  return { keeper, count };
}

type Count = (value: number, variant?: string, environment?: string) => Promise<void>;

function evaluations(keeper: UsageKeeper, environment = 'default'): number | undefined {
  return keeper.of(storeOf(environments, environment))?.of('fees').count;
}

describe('servers that share a store', () => {
  test('add to the same counts', async () => {
    // Not the leadership of a store of one process.
    const shared = new Proxy(environments, {
      get: (target, key) => {
        if (key === 'leadership') return { lead: () => () => {} };
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const [one, other] = [await openKeeper(shared), await openKeeper(shared)];
    await one.count(3);
    await other.count(4, 'off');
    await one.keeper.close();
    expect([evaluations(one.keeper), evaluations(other.keeper)]).toEqual([3, 4]);
    await other.keeper.close();
    expect(evaluations(other.keeper)).toBe(7);
    const third = await openKeeper();
    expect(evaluations(third.keeper)).toBe(7);
    await third.keeper.close();
  });
});

test('each environment has its own counts, and a removed one none', async () => {
  const { keeper, count } = await openKeeper();
  const flags = new Map([['fees', fees]]);
  await environments.create('staging', { flags, shared: {} }, { author: 'test' });
  await expect.poll(() => evaluations(keeper, 'staging')).toBe(0);
  await count(2, 'on', 'staging');
  await count(5, 'on', 'nowhere');
  expect([evaluations(keeper), evaluations(keeper, 'staging')]).toEqual([0, 2]);
  const store = storeOf(environments, 'staging');
  await environments.remove('staging', () => ({ author: 'test' }));
  expect(keeper.of(store)).toBeUndefined();
  await keeper.close();
});

test('a store that is read only keeps its counts in memory, and nothing is logged', async () => {
  await environments.close();
  writeFileSync(`${folder}/flags.json`, JSON.stringify({ flags: { fees } }));
  environments = await openEnvironments({ source: { flags: `${folder}/flags.json` }, readOnly: true }, log);
  const { keeper, count } = await openKeeper();
  await count(2);
  await keeper.close();
  expect(evaluations(keeper)).toBe(2);
  expect(warnings).toEqual([]);
});

test('graylane-server usage prints one flag, all flags, and stale ones', async () => {
  const served = await serveFolder({ flags: { fees, other: fees } });
  try {
    const attributes = { 'feature_flag.key': 'fees', 'feature_flag.result.variant': 'on', lane: 'gray' };
    const point = { name: 'graylane.flag.evaluations', value: 4 };
    await exporterTo(served.url).metrics('payments', [{ ...point, attributes }]);
    const one = await runCommand(served.url, ['usage', 'fees']);
    expect(one.output).toMatch(/^fees: 4 evaluations since 20\S+Z, the last one 20\S+Z$/m);
    expect(one.output).toMatch(/^variant +evaluations +last 5 min +last$/m);
    expect(one.output).toMatch(/^on +4 +4 +20\S+Z$/m);
    expect(one.output).toMatch(/^off +0 +0 +never$/m);
    expect(one.output).toMatch(/^lane == "gray" +0 +0 +never$/m);
    expect(one.output).toMatch(/^otherwise +0 +0 +never$/m);
    expect(one.output).toMatch(/^payments +4 +4 +20\S+Z$/m);
    const all = await runCommand(served.url, ['usage']);
    expect(all.output).toMatch(/^fees +20\S+Z +4 +on +payments$/m);
    expect(all.output).toMatch(/^other +never +0$/m);
    expect(await runCommand(served.url, ['usage', '--unused-days', '30'])).toEqual({
      code: 0,
      output: 'no flags\n',
    });
    const json = await runCommand(served.url, ['usage', 'fees', '--json']);
    expect(JSON.parse(json.output)).toMatchObject({ flag: 'fees', evaluations: 4 });
    expect((await runCommand(served.url, ['usage', 'nothing'])).output).toContain(
      'there is no flag "nothing"',
    );
  } finally {
    await served.close();
  }
});
