import { runInLane } from '@graylane/baggage';
import { evaluationHook, instrumentLanes, observeConfiguration } from '@graylane/telemetry';
import { managementServer } from '@graylane/telemetry/management';
import { InMemoryProvider, OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { logs } from '@opentelemetry/api-logs';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { exposition } from '../src/metrics/exposition.ts';
import { processRegistry } from '../src/metrics/process-registry.ts';

const { logRecordProcessor } = instrumentLanes({ lanes: ['gray'] });
const exporter = new InMemoryLogRecordExporter();

beforeAll(async () => {
  const variants = { on: true, off: false };
  const flag = (defaultVariant: 'on' | 'off'): object => ({ variants, defaultVariant, disabled: false });
  await OpenFeature.setProviderAndWait(
    new InMemoryProvider({ fees: flag('on'), banner: flag('off') } as never),
  );
  logs.setGlobalLoggerProvider(
    new LoggerProvider({ processors: [logRecordProcessor, new SimpleLogRecordProcessor({ exporter })] }),
  );
});

beforeEach(() => {
  exporter.reset();
});

const user = { targetingKey: 'ada' };

function attributes(): Record<string, unknown>[] {
  return exporter.getFinishedLogRecords().map((record) => record.attributes);
}

describe('the evaluation hook', () => {
  test('counts evaluations by flag, variant, reason and lane', async () => {
    const client = OpenFeature.getClient();
    client.addHooks(evaluationHook());
    await client.getBooleanValue('fees', false, user);
    await runInLane('gray', async () => client.getBooleanValue('fees', false, user));
    await runInLane('stranger', async () => client.getBooleanValue('missing', false, user));
    const metrics = exposition(processRegistry().collect(), 'prometheus');
    const count = (flag: string, variant: string, reason: string, lane: string): string =>
      `feature_flag_evaluations_total{feature_flag_key="${flag}",feature_flag_result_variant="${variant}",feature_flag_result_reason="${reason}",lane="${lane}"} 1\n`;
    expect(metrics).toContain(count('fees', 'on', 'static', 'baseline'));
    expect(metrics).toContain(count('fees', 'on', 'static', 'gray'));
    expect(metrics).toContain(count('missing', '', 'error', 'other'));
    expect(metrics).not.toContain('ada');
  });

  test('sends an event once for a request and flag, without value and targeting key', async () => {
    const client = OpenFeature.getClient();
    client.addHooks(evaluationHook({ eventRatio: 1 }));
    await runInLane('gray', async () => {
      await client.getBooleanValue('fees', false, user);
      await client.getBooleanValue('fees', false, user);
      await client.getBooleanValue('banner', false, user);
      await client.getBooleanValue('missing', false, user);
    });
    expect(exporter.getFinishedLogRecords().map(({ eventName }) => eventName)).toEqual(
      Array.from({ length: 3 }, () => 'feature_flag.evaluation'),
    );
    expect(attributes()).toEqual([
      {
        'feature_flag.key': 'fees',
        'feature_flag.provider.name': 'in-memory',
        'feature_flag.result.reason': 'static',
        'feature_flag.result.variant': 'on',
        lane: 'gray',
      },
      expect.objectContaining({ 'feature_flag.key': 'banner', 'feature_flag.result.variant': 'off' }),
      expect.objectContaining({ 'feature_flag.key': 'missing', 'error.type': 'flag_not_found' }),
    ]);
  });

  test('sends value and targeting key if configured, and nothing at a ratio of 0', async () => {
    const client = OpenFeature.getClient();
    client.addHooks(evaluationHook({ eventRatio: 1, value: true, targetingKey: true }));
    await client.getBooleanValue('fees', false, user);
    expect(attributes()[0]).toMatchObject({
      'feature_flag.result.value': true,
      'feature_flag.context.id': 'ada',
    });
    exporter.reset();
    const silent = OpenFeature.getClient();
    silent.addHooks(evaluationHook({ eventRatio: 0 }));
    await silent.getBooleanValue('fees', false, user);
    expect(attributes()).toEqual([]);
  });

  test('leaves recent decisions at the management port', async () => {
    const client = OpenFeature.getClient();
    client.addHooks(evaluationHook());
    await runInLane('gray', async () => client.getBooleanValue('banner', true, user));
    const management = managementServer({ port: 0, crash: false, heapSampling: false });
    const response = await fetch(`${await management.listening}/debug/decisions?flag=banner&lane=gray`);
    const [decision] = (await response.json()) as object[];
    expect(decision).toEqual({
      time: expect.any(String),
      flag: 'banner',
      variant: 'off',
      reason: 'static',
      lane: 'gray',
    });
    await management.close();
  });
});

describe('the configuration', () => {
  test('counts the changes of a provider, and ages while it is stale', async () => {
    observeConfiguration(OpenFeature);
    const provider = new InMemoryProvider({});
    await OpenFeature.setProviderAndWait(provider);
    provider.putConfiguration({});
    provider.putConfiguration({});
    const management = managementServer({ port: 0, crash: false, heapSampling: false });
    const revision = async (): Promise<unknown> =>
      (await fetch(`${await management.listening}/revision`)).json();
    expect(await revision()).toMatchObject({ sources: [{ source: 'in-memory', reloads: 2, ageSeconds: 0 }] });
    provider.events.emit(ProviderEvents.Stale, { metadata: {} });
    await expect
      .poll(async () => ((await revision()) as { sources: { ageSeconds: number }[] }).sources[0]?.ageSeconds)
      .toBeGreaterThan(0);
    provider.events.emit(ProviderEvents.Ready, { metadata: { revision: '19' } });
    expect(await revision()).toMatchObject({
      sources: [{ source: 'in-memory', revision: '19', reloads: 2, ageSeconds: 0 }],
    });
    const metrics = await (await fetch(`${await management.listening}/metrics`)).text();
    expect(metrics).toContain('config_reload_total{source="in-memory"} 2\n');
    await management.close();
  });

  test('has the environment and the revision that a provider describes', async () => {
    const handlers = new Map<string, (details?: object) => void>();
    let revision = 'r1';
    observeConfiguration({
      addHandler: (event, handler) => void handlers.set(event, handler),
      getProviderMetadata: () => ({ name: 'described', environment: 'staging', revision }),
    });
    const management = managementServer({ port: 0, crash: false, heapSampling: false });
    const read = async (path: string): Promise<string> =>
      (await fetch(`${await management.listening}/${path}`)).text();
    handlers.get('PROVIDER_READY')?.({ providerName: 'described' });
    expect(JSON.parse(await read('revision'))).toMatchObject({
      sources: expect.arrayContaining([
        { source: 'described', environment: 'staging', revision: 'r1', reloads: 0, ageSeconds: 0 },
      ]),
    });
    revision = 'r2';
    handlers.get('PROVIDER_CONFIGURATION_CHANGED')?.({ providerName: 'described' });
    expect(await read('revision')).toContain('"revision": "r2"');
    expect(await read('metrics')).toContain(
      'config_reload_total{environment="staging",source="described"} 1\n',
    );
    await management.close();
  });
});
