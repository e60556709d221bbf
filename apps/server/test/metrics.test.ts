import { once } from 'node:events';
import { get } from 'node:http';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Service } from '../src/protocols/flagd/gen/flagd/evaluation/v2/evaluation_pb.ts';
import { FlagSyncService } from '../src/protocols/flagd/gen/flagd/sync/v1/sync_pb.ts';
import { describeWith } from '../../../test/components/components.ts';
import { prometheus, promtool } from '../../../test/components/services/prometheus.ts';
import { fees, serveFolder, type Served } from './support/serve.ts';

let served: Served;
const ending: (() => void)[] = [];

beforeEach(async () => {
  served = await serveFolder({ flags: { fees } });
});
afterEach(async () => {
  for (const end of ending.splice(0)) end();
  await served.close();
});

/** The values of the series with these labels. */
async function values(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number[]> {
  const lines = (await metrics()).split('\n').filter((line) => line.startsWith(`${name}{`));
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return lines
    .filter((line) => wanted.every((label) => line.includes(label)))
    .map((line) => Number(line.split(' ').at(-1)));
}

async function metrics(): Promise<string> {
  return (await fetch(`${served.managementUrl}/metrics`)).text();
}

async function evaluate(key: string, context: object = {}): Promise<number> {
  const response = await fetch(`${served.url}/ofrep/v1/evaluate/flags/${key}`, {
    method: 'POST',
    body: JSON.stringify({ context }),
  });
  await response.text();
  return response.status;
}

async function put(key: string, flag: object, headers: object = { 'if-none-match': '*' }): Promise<number> {
  const response = await fetch(`${served.url}/api/v1/environments/default/flags/${key}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(flag),
  });
  await response.text();
  return response.status;
}

function grpc(): ReturnType<typeof createGrpcTransport> {
  return createGrpcTransport({ baseUrl: `http://127.0.0.1:${served.grpcPort}` });
}

describe('evaluations', () => {
  const name = 'feature_flag_evaluations_total';
  const on = { feature_flag_key: 'fees', feature_flag_result_variant: 'on' };

  test('by OFREP are counted by flag, variant and reason', async () => {
    for (const lane of ['gray', 'gray', 'baseline']) await evaluate('fees', { lane });
    await fetch(`${served.url}/ofrep/v1/evaluate/flags`, {
      method: 'POST',
      body: '{"context":{"lane":"gray"}}',
    });
    const reason = { feature_flag_result_reason: 'targeting_match', environment: 'default' };
    expect(await values(name, { protocol: 'ofrep', ...on, ...reason })).toEqual([3]);
    expect(await values(name, { protocol: 'ofrep', feature_flag_result_variant: 'off' })).toEqual([1]);
  });

  test('by gRPC are counted, too', async () => {
    const client = createClient(Service, grpc());
    for (const lane of ['gray', 'baseline'])
      await client.resolveBoolean({ flagKey: 'fees', context: { lane } });
    expect(await values(name, { protocol: 'flagd', ...on })).toEqual([1]);
    expect(await values(name, { protocol: 'flagd', feature_flag_result_variant: 'off' })).toEqual([1]);
  });

  test('of flags that do not exist are one series, however many names clients send', async () => {
    for (let index = 0; index < 50; index += 1) expect(await evaluate(`no-flag-${index}`)).toBe(404);
    expect(await values(name, { feature_flag_result_reason: 'flag_not_found' })).toEqual([50]);
    expect(await metrics()).not.toContain('no-flag-');
  });

  test('keep their count over a change of the flag', async () => {
    await evaluate('fees', { lane: 'gray' });
    expect(await put('fees', { ...fees, defaultVariant: 'on' }, { 'if-match': '*' })).toBe(200);
    await evaluate('fees', { lane: 'gray' });
    expect(await values(name, { ...on, feature_flag_result_reason: 'targeting_match' })).toEqual([2]);
  });
});

describe('requests', () => {
  const name = 'http_server_request_duration_seconds_count';

  test('are recorded by protocol, route and status', async () => {
    await evaluate('fees');
    await evaluate('no-flag');
    await fetch(`${served.url}/api/v1/environments/default/flags/fees`);
    await fetch(`${served.url}/api/v1/environments/%ff/flags/fees`);
    await fetch(`${served.url}/nothing`);
    const evaluation = { protocol: 'ofrep', http_route: '/ofrep/v1/evaluate/flags/{flag}' };
    await expect.poll(() => values(name, evaluation)).toEqual([1, 1]);
    await expect.poll(() => values(name, { ...evaluation, http_response_status_code: '404' })).toEqual([1]);
    const admin = {
      protocol: 'admin',
      http_request_method: 'GET',
      http_route: '/api/v1/environments/{environment}/flags/{flag}',
    };
    await expect.poll(() => values(name, { ...admin, http_response_status_code: '200' })).toEqual([1]);
    await expect
      .poll(() => values(name, { protocol: 'other', http_response_status_code: '404' }))
      .toEqual([1]);
    expect(await metrics()).not.toContain('/nothing');
  });

  test('that are refused count by reason', async () => {
    const refusals = 'graylane_refusals_total';
    expect(await put('fees', fees, {})).toBe(428);
    expect(await put('other', { state: 'ENABLED' })).toBe(400);
    await fetch(`${served.url}/ofrep/v1/evaluate/flags/fees`, { method: 'POST', body: '{' });
    await fetch(`${served.url}/ofrep/v1/evaluate/flags/fees`);
    const client = createClient(Service, grpc());
    const call = client.resolveBoolean(
      { flagKey: 'fees' },
      { headers: { 'graylane-environment': 'nowhere' } },
    );
    await expect(call).rejects.toThrow(ConnectError);
    await expect
      .poll(() => values(refusals, { protocol: 'admin', reason: 'precondition_required' }))
      .toEqual([1]);
    await expect.poll(() => values(refusals, { protocol: 'admin', reason: 'invalid' })).toEqual([1]);
    await expect.poll(() => values(refusals, { protocol: 'ofrep', reason: 'unparsable' })).toEqual([1]);
    await expect
      .poll(() => values(refusals, { protocol: 'ofrep', reason: 'method_not_allowed' }))
      .toEqual([1]);
    await expect
      .poll(() => values(refusals, { protocol: 'grpc', reason: 'unknown_environment' }))
      .toEqual([1]);
  });

  test('of gRPC are recorded by method and status', async () => {
    const client = createClient(Service, grpc());
    await client.resolveBoolean({ flagKey: 'fees' });
    const missing = await client.resolveBoolean({ flagKey: 'no-flag' }).catch((error: unknown) => error);
    expect((missing as ConnectError).code).toBe(Code.NotFound);
    const call = { rpc_system_name: 'grpc', rpc_method: 'flagd.evaluation.v2.Service/ResolveBoolean' };
    for (const rpc_response_status_code of ['OK', 'NOT_FOUND']) {
      const count = await values('rpc_server_call_duration_seconds_count', {
        ...call,
        rpc_response_status_code,
      });
      expect(count).toEqual([1]);
    }
  });
});

test('streams are counted while they are open, by protocol', async () => {
  for (const path of ['/api/v1/environments/default/stream', '/ofrep/v1/events', '/ofrep/v1/events']) {
    const request = get(`${served.url}${path}`);
    ending.push(() => request.destroy());
    await once(request, 'response');
  }
  const sync = createClient(FlagSyncService, grpc());
  const abort = new AbortController();
  ending.push(() => abort.abort());
  const documents = sync.syncFlags({}, { signal: abort.signal })[Symbol.asyncIterator]();
  await documents.next();
  const open = (protocol: string) => values('graylane_streams', { protocol });
  expect(await open('changes')).toEqual([1]);
  expect(await open('ofrep')).toEqual([2]);
  expect(await open('flagd.sync')).toEqual([1]);
  expect(await values('graylane_streams_opened_total', { protocol: 'ofrep' })).toEqual([2]);
  // The duration of a stream is up to its client.
  expect(await metrics()).not.toMatch(/http_route="[^"]*(?:stream|events)"/);
  for (const end of ending.splice(0)) end();
  for (const protocol of ['changes', 'ofrep', 'flagd.sync'])
    await expect.poll(() => open(protocol)).toEqual([0]);
});

test('revisions, writes and the store are recorded by environment', async () => {
  const config = { environment: 'default', source: 'data', service: 'graylane-server' };
  const [before] = await values('config_last_reload_timestamp_seconds', config);
  expect(await values('config_reload_total', config)).toEqual([0]);
  expect(await put('new', fees)).toBe(201);
  expect(await put('new', fees)).toBe(412);
  expect(await values('config_reload_total', config)).toEqual([1]);
  const [after] = await values('config_last_reload_timestamp_seconds', config);
  expect(after).toBeGreaterThanOrEqual(before ?? Infinity);
  expect(await values('graylane_writes_total', { environment: 'default', outcome: 'ok' })).toEqual([1]);
  expect(await values('graylane_writes_total', { outcome: 'precondition_failed' })).toEqual([1]);
  const store = 'graylane_store_operation_duration_seconds_count';
  expect(await values(store, { operation: 'write', outcome: 'ok' })).toEqual([1]);
  expect(await values('graylane_flags', { environment: 'default' })).toEqual([2]);
  expect(await values('graylane_environment_degraded', { environment: 'default' })).toEqual([0]);
  served.edit('{');
  await expect.poll(() => values('graylane_environment_degraded', { environment: 'default' })).toEqual([1]);
  expect(await metrics()).toMatch(/^graylane_ready 1$/m);
  expect(await metrics()).toMatch(/^graylane_connections \d+$/m);
  expect(await values('graylane_backlog_bytes')).toEqual([0, 0]);
  expect(await metrics()).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m);
});

await describeWith(prometheus, 'what the server exposes', () => {
  test('is what Prometheus reads', async () => {
    await evaluate('fees');
    await put('new', fees);
    expect(promtool(['check', 'metrics'], await metrics())).not.toMatch(/error|parse/i);
  });
});
