import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { durationBoundaries } from '@graylane/telemetry';
import { find, write, type Format } from '@graylane/slis';
import { Ajv } from 'ajv';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { all, describeWith } from '../../../test/components/components.ts';
import { prometheus, promtool } from '../../../test/components/services/prometheus.ts';
import { sloth, slothRules } from '../../../test/components/tools/sloth.ts';
import { boundaryFor } from '../src/contract/queries.ts';
import { slothSchema } from './sloth-schema.ts';

const source = `
import { sli } from '@graylane/telemetry';
import express from 'express';
sli('payment', { kind: 'ratio', objective: 0.999, routes: ['POST /payments'] });
sli('search', { kind: 'latency', thresholdSeconds: 0.3 });
const app = express();
/** @sli home 99% */
app.get('/', () => {});
/** @sli order latency 300ms 99.9% */
app.get('/orders/:id', () => {});
app.post('/payments', () => {});
`;
const findings = find(new Map([['shop.ts', source]]));
const text = (format: Format): string => write(format, 'shop', findings);

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-slis-`);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the contract', () => {
  test('is OpenSLO v1, with the lane in its queries and the place in the source', () => {
    const objects = parseAllDocuments(text('openslo')).map((document) => document.toJS() as object);
    expect(objects).toHaveLength(5);
    expect(objects[0]).toMatchObject({
      apiVersion: 'openslo/v1',
      kind: 'Service',
      metadata: { name: 'shop' },
    });
    expect(objects[3]).toEqual({
      apiVersion: 'openslo/v1',
      kind: 'SLO',
      metadata: {
        name: 'shop-payment',
        annotations: { 'graylane/source': 'shop.ts:4', 'graylane/routes': 'POST /payments' },
      },
      spec: {
        description: 'payment of shop',
        service: 'shop',
        indicator: {
          metadata: { name: 'shop-payment' },
          spec: {
            ratioMetric: {
              counter: true,
              bad: {
                metricSource: {
                  type: 'Prometheus',
                  spec: { query: 'sum by (lane) (sli_events_total{sli="payment",outcome="failure"})' },
                },
              },
              total: {
                metricSource: {
                  type: 'Prometheus',
                  spec: { query: 'sum by (lane) (sli_events_total{sli="payment"})' },
                },
              },
            },
          },
        },
        timeWindow: [{ duration: '28d', isRolling: true }],
        budgetingMethod: 'Occurrences',
        objectives: [{ displayName: 'payment', target: 0.999 }],
      },
    });
  });

  test('for Sloth has the queries that it fills a window into', () => {
    const { version, slos } = parse(text('sloth')) as {
      version: string;
      slos: { name: string; objective: number; sli: { events: Record<string, string> } }[];
    };
    expect(version).toBe('prometheus/v1');
    expect(slos.map(({ name, objective }) => [name, objective])).toEqual([
      ['home', 99],
      ['order', 99.9],
      ['payment', 99.9],
      ['search', 99],
    ]);
    expect(slos[1]?.sli.events['error_query']).toBe(
      `sum(rate(http_server_request_duration_seconds_count{http_request_method="GET",http_route="/orders/:id"}[{{.window}}])) - sum(rate(http_server_request_duration_seconds_bucket{http_request_method="GET",http_route="/orders/:id",le="${boundaryFor(0.3)}"}[{{.window}}]))`,
    );
  });

  test('for Sloth is a document of prometheus/v1, also where names have spaces', () => {
    const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(slothSchema);
    const odd = find(
      new Map([
        ['odd.ts', "import { sli } from '@graylane/telemetry'; sli('time to pay (all)', { kind: 'ratio' });"],
      ]),
    );
    for (const document of [text('sloth'), write('sloth', 'the shop', odd)]) {
      expect([validate(parse(document)), validate.errors]).toEqual([true, null]);
    }
    const { slos } = parse(write('sloth', 'the shop', odd)) as { slos: { name: string }[] };
    expect(slos.map(({ name }) => name)).toEqual(['time-to-pay-all']);
    // The schema does refuse documents.
    for (const [good, bad] of [
      ['{{.window}}', '5m'],
      ['prometheus/v1', 'openslo/v1'],
      ['objective: 99.9', 'objective: 101'],
      ['name: home', 'name: home page'],
      ['error_query', 'errors'],
    ] as const) {
      const changed = text('sloth').replaceAll(good, bad);
      expect([bad, changed === text('sloth'), validate(parse(changed))]).toEqual([bad, false, false]);
    }
  });

  test('for Grafana has a panel for each indicator', () => {
    const { panels } = JSON.parse(text('grafana')) as { panels: { title: string }[] };
    expect(panels.map(({ title }) => title)).toEqual(['home', 'order', 'payment', 'search']);
  });

  test('takes the name of the histogram where another exporter writes it', () => {
    expect(write('prometheus', 'shop', findings, { http: 'http_server_request_duration' })).toContain(
      'http_server_request_duration_bucket{',
    );
  });

  test.each(['proto.shop.Payments.service', 'PaymentsService'])(
    'selects the procedures of %s as metrics name them',
    (service) => {
      const grpc = `server.addService(${service}, {\n  /** @sli charge 99% */\n  charge: () => {},\n});`;
      const rules = (rpcPackage?: string): string =>
        write(
          'prometheus',
          'shop',
          find(new Map([['grpc.ts', grpc]])),
          rpcPackage === undefined ? {} : { rpcPackage },
        );
      expect(rules('graylane.demo')).toContain('{rpc_method="graylane.demo.Payments/Charge"}');
      expect(rules()).toContain('{rpc_method="Payments/Charge"}');
    },
  );

  test('counts up to boundaries that the histograms have', () => {
    for (const boundary of durationBoundaries) expect(boundaryFor(boundary)).toBe(boundary);
    expect(boundaryFor(0.3)).toBe(durationBoundaries.find((boundary) => boundary >= 0.3));
    expect(boundaryFor(60)).toBe(10);
  });
});

await describeWith(prometheus, 'the rules in promtool', () => {
  test('are rules that Prometheus takes', () => {
    const file = `${folder}/rules.yaml`;
    writeFileSync(file, text('prometheus'));
    expect(promtool(['check', 'rules', file])).toBe('');
  });

  test('alert for the lane that burns its budget, and for no other one', () => {
    writeFileSync(`${folder}/rules.yaml`, text('prometheus'));
    const series = (outcome: string, lane: string, perMinute: number): object => ({
      series: `sli_events_total{sli="payment",outcome="${outcome}",lane="${lane}"}`,
      values: `0+${perMinute}x400`,
    });
    const labels = { service: 'shop', sli: 'payment', lane: 'gray' };
    const alert = (severity: string, factor: number): object => ({
      exp_labels: { ...labels, severity },
      exp_annotations: {
        summary: `shop burns the error budget of payment ${factor} times too fast in lane gray`,
        source: 'shop.ts:4',
      },
    });
    writeFileSync(
      `${folder}/tests.yaml`,
      stringify({
        rule_files: [`${folder}/rules.yaml`],
        evaluation_interval: '1m',
        tests: [
          {
            interval: '1m',
            input_series: [
              series('success', 'baseline', 100),
              series('success', 'gray', 97),
              series('failure', 'gray', 3),
              series('success', 'team-a', 9999),
              series('failure', 'team-a', 1),
            ],
            alert_rule_test: [
              {
                eval_time: '380m',
                alertname: 'GraylaneErrorBudgetBurn',
                exp_alerts: [alert('page', 14.4), alert('ticket', 6)],
              },
            ],
          },
        ],
      }),
    );
    expect(promtool(['test', 'rules', `${folder}/tests.yaml`])).toBe('');
  });
});

await describeWith(all(sloth, prometheus), 'the contract for Sloth, in Sloth', () => {
  test('becomes rules that Prometheus takes, for every indicator', async () => {
    const odd = find(
      new Map([
        ['odd.ts', "import { sli } from '@graylane/telemetry'; sli('time to pay (all)', { kind: 'ratio' });"],
      ]),
    );
    const rules = async (document: string): Promise<string> => {
      writeFileSync(`${folder}/sloth.yaml`, document);
      return slothRules(`${folder}/sloth.yaml`);
    };
    for (const [document, names] of [
      [text('sloth'), ['home', 'order', 'payment', 'search']],
      [write('sloth', 'the shop', odd), ['time-to-pay-all']],
    ] as const) {
      const generated = await rules(document);
      expect(new Set(Array.from(generated.matchAll(/sloth_slo: (.+)/g), ([, name]) => name))).toEqual(
        new Set(names),
      );
      writeFileSync(`${folder}/rules.yaml`, generated);
      expect(promtool(['check', 'rules', `${folder}/rules.yaml`])).toBe('');
    }
    await expect(rules(text('sloth').replaceAll('error_query', 'errors'))).rejects.toThrow('Command failed');
  });
});

describe('graylane-slis', () => {
  const bin = new URL('../bin/graylane-slis.js', import.meta.url);
  const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [bin.pathname, ...args], { cwd: folder, encoding: 'utf8' });

  test('prints the contract, and writes all of its files', () => {
    writeFileSync(`${folder}/shop.ts`, source);
    expect(run('shop.ts', '--service', 'shop')).toMatchObject({
      status: 0,
      stdout: text('openslo'),
      stderr: '',
    });
    expect(run('shop.ts', '--service', 'shop', '--out', 'slo').status).toBe(0);
    expect(readFileSync(`${folder}/slo/prometheus-rules.yaml`, 'utf8')).toBe(text('prometheus'));
    expect(JSON.parse(readFileSync(`${folder}/slo/routes.json`, 'utf8'))).toEqual({
      'GET /': ['home'],
      'GET /orders/:id': ['order'],
      'POST /payments': ['payment'],
    });
  });

  test('--check fails while a route has no SLI or a file is out of date', () => {
    writeFileSync(`${folder}/shop.ts`, source);
    const check = (): { status: number | null; stderr: string } =>
      run('shop.ts', '--service', 'shop', '--out', 'slo', '--check');
    expect(check()).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('slo/openslo.yaml is missing'),
    });
    run('shop.ts', '--service', 'shop', '--out', 'slo');
    expect(check()).toMatchObject({ status: 0, stderr: '' });
    writeFileSync(
      `${folder}/shop.ts`,
      `${source}app.delete('/orders/:id', () => {});\nsli('more', { kind: 'ratio' });\n`,
    );
    const { status, stderr } = check();
    expect(status).toBe(1);
    expect(stderr).toContain(
      'shop.ts:12: DELETE /orders/:id has no SLI: add /** @sli NAME 99.9% */ before it',
    );
    expect(stderr).toContain('slo/prometheus-rules.yaml is out of date');
  });

  test('is called wrongly without files, or with a format that does not exist', () => {
    expect(run()).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('no files: name those to read'),
    });
    expect(run('a.ts', '--format', 'xml').stderr).toContain(
      '--format xml does not exist: use one of openslo, sloth',
    );
    expect(run('--help')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('graylane-slis FILE...'),
    });
  });
});
