import { write, type Indicator } from '@graylane/slis';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { Faults } from '../../src/rollouts/definition/faults.ts';
import { readOpenSlo } from '../../src/rollouts/definition/open-slo.ts';

const at = { file: 'app.ts', line: 1 };
const base = { objective: 0.99, routes: [], at } as const;

describe('the SLIs of an OpenSLO contract', () => {
  test('are those that graylane-slis writes', () => {
    const indicators: readonly Indicator[] = [
      { ...base, name: 'payment', kind: 'ratio', measuredBy: 'events' },
      { ...base, name: 'pay', kind: 'ratio', measuredBy: { route: 'POST /pay/:id' } },
      { ...base, name: 'charge', kind: 'ratio', measuredBy: { rpc: 'Payments/charge' } },
      { ...base, name: 'speed', kind: 'latency', thresholdSeconds: 0.3, measuredBy: { route: '* /pay' } },
    ];
    const contract = write('openslo', 'payments', { indicators, routes: [], notFollowed: [] });
    const expected = [
      {
        name: 'payments-payment',
        service: 'payments',
        metric: 'sli_events_total',
        kind: 'errors',
        bad: { outcome: 'failure' },
        selector: { sli: 'payment' },
      },
      {
        name: 'payments-pay',
        service: 'payments',
        metric: 'http_server_request_duration_seconds',
        kind: 'errors',
        bad: { http_response_status_code: '5..' },
        selector: { http_request_method: 'POST', http_route: '/pay/:id' },
      },
      {
        name: 'payments-charge',
        service: 'payments',
        metric: 'rpc_server_call_duration_seconds',
        kind: 'errors',
        bad: { error_type: '.+' },
        selector: { rpc_method: 'Payments/Charge' },
      },
      {
        name: 'payments-speed',
        service: 'payments',
        metric: 'http_server_request_duration_seconds',
        kind: 'latency',
        selector: { http_route: '/pay' },
      },
    ];
    // The contract is sorted by name.
    expected.sort((one, other) => one.name.localeCompare(other.name));
    const objects = parseAllDocuments(contract).map((document) => document.toJS() as unknown);
    expect(read(objects)).toEqual({ slis: expected, problems: [] });
    expect(read(contract)).toEqual({ slis: expected, problems: [] });
  });

  test('may be referenced', () => {
    const metric = (query: string): object => ({ metricSource: { type: 'Prometheus', spec: { query } } });
    const total = metric('requests_total');
    const sli = {
      kind: 'SLI',
      metadata: { name: 'errors' },
      spec: { ratioMetric: { bad: metric('requests_total{code="a.b"}'), total } },
    };
    const referring = {
      kind: 'SLO',
      metadata: { name: 'api' },
      spec: { service: 'api', indicatorRef: 'errors' },
    };
    expect(read([sli, referring]).slis).toEqual([
      {
        name: 'api',
        service: 'api',
        metric: 'requests_total',
        kind: 'errors',
        bad: { code: String.raw`a\.b` },
      },
    ]);
    expect(read([referring]).problems).toMatchObject([
      { path: '$.guard.slisFrom, SLO "api"', message: 'there is no SLI "errors"' },
    ]);
  });

  test.each([
    [7, 'this is neither a string nor an array'],
    ['a: [', 'the contract is not YAML: '],
    ['', 'the contract has 0 objects'],
    [[{ kind: 'Service' }], 'the contract has 0 objects of the kind SLO'],
    [[slo({})], 'its ratioMetric has no Prometheus query in "total"'],
    [
      [slo({ total: 'rate(a_total[5m])', bad: 'a_total{x="1"}' })],
      'the query of "total" must be one selector',
    ],
    [[slo({ total: 'a_total{lane="gray"}', bad: 'a_total{x="1"}' })], 'selects a lane'],
    [[slo({ total: 'a_total{x="1" y}', bad: 'a_total' })], 'has no label matcher at'],
    [[slo({ total: 'a_total{x=~"1"}', bad: 'a_total' })], '"total" selects x with =~: use ='],
    [[slo({ total: 'a_total', bad: 'b_total{x="1"}' })], '"bad" counts b_total, and "total" a_total'],
    [[slo({ total: 'a_total', bad: 'a_total{x="1",y="2"}' })], 'must differ from "total" by one label'],
    [[slo({ total: 'a_total', bad: 'a_total{x!="1"}' })], 'must differ from "total" by one label'],
    [[slo({ total: 'a_total', good: 'a_total{x="1"}' })], '"good" is not a bucket of a histogram'],
  ])('that can not be read are refused with the reason: %j', (contract, message) => {
    const { slis, problems } = read(contract);
    expect([slis, problems]).toEqual([
      [],
      [expect.objectContaining({ message: expect.stringContaining(message) })],
    ]);
  });
});

function slo(queries: Readonly<Record<string, string>>): object {
  const ratioMetric = Object.fromEntries(
    Object.entries(queries).map(([part, query]) => [part, { metricSource: { spec: { query } } }]),
  );
  return {
    kind: 'SLO',
    metadata: { name: 'api' },
    spec: { service: 'api', indicator: { spec: { ratioMetric } } },
  };
}

function read(contract: unknown) {
  const faults = new Faults();
  return { slis: readOpenSlo(contract, '$.guard.slisFrom', faults), problems: faults.problems };
}
