import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { reportConfiguration } from '@graylane/telemetry/management';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { describeWith } from './components/components.ts';
import { prometheus, promtool } from './components/services/prometheus.ts';
import { fees, serveFolder, type Served } from '../apps/server/test/support/serve.ts';

const deploy = fileURLToPath(new URL('../deploy/', import.meta.url));
const rulesFile = `${deploy}prometheus/graylane-server.rules.yaml`;
const testsFile = `${deploy}prometheus/graylane-server.test.yaml`;

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}
interface Tests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts?: unknown[] }[];
  }[];
}
interface Dashboard {
  readonly uid: string;
  readonly panels: readonly {
    readonly id: number;
    readonly gridPos: { readonly x: number; readonly w: number };
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

const rules = (parse(readFileSync(rulesFile, 'utf8')) as Rules).groups.flatMap((group) => group.rules);

await describeWith(prometheus, 'the alerts', () => {
  test('are rules that Prometheus takes', () => {
    expect(promtool(['check', 'rules', rulesFile])).toBe('');
  });

  test('fire as their tests expect', () => {
    expect(promtool(['test', 'rules', testsFile])).toBe('');
  });
});

test('each alert has a test in which it fires', () => {
  const tests = parse(readFileSync(testsFile, 'utf8'), { merge: true }) as Tests;
  const cases = tests.tests.flatMap((each) => each.alert_rule_test);
  const fired = cases
    .filter(({ exp_alerts = [] }) => exp_alerts.length > 0)
    .map(({ alertname }) => alertname);
  expect(new Set(fired)).toEqual(new Set(rules.map(({ alert }) => alert)));
});

describe('the metrics of alerts and dashboards', () => {
  let served: Served;
  let exposed: Set<string>;

  beforeAll(async () => {
    served = await serveFolder({ flags: { fees } });
    // Of a service.
    reportConfiguration('alerts').upToDate();
    await fetch(`${served.url}/ofrep/v1/evaluate/flags/fees`, { method: 'POST', body: '{}' });
    await fetch(`${served.url}/ofrep/v1/evaluate/flags/fees`);
    await fetch(`${served.url}/api/v1/environments/default/flags/new`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', 'if-none-match': '*' },
      body: JSON.stringify(fees),
    });
    const path = '/flagd.evaluation.v2.Service/ResolveBoolean';
    await fetch(`http://127.0.0.1:${served.grpcPort}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"flagKey":"fees"}',
    });
    const stream = new AbortController();
    await fetch(`${served.url}/ofrep/v1/events`, { signal: stream.signal });
    // A request is counted when its response has closed, which its client may see earlier.
    do exposed = await scrape(served.managementUrl);
    while (!exposed.has('graylane_refusals_total'));
    stream.abort();
  });
  afterAll(() => served.close());

  const dashboards = readdirSync(`${deploy}grafana`).filter((name) => name.endsWith('.json'));
  test.each([
    ['the alerts', rules.map(({ expr }) => expr)],
    ...dashboards.map((name): [string, string[]] => [
      name,
      dashboardOf(name).panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ]),
  ])('%s: a server exposes each of them', (_name, expressions) => {
    const used = new Set(expressions.flatMap(metricsIn));
    expect(used.size).toBeGreaterThan(5);
    expect([...used].filter((name) => name !== 'up' && !exposed.has(name))).toEqual([]);
  });

  test.each(dashboards)('%s: panels have ids of their own, and fit the width', (name) => {
    const { panels } = dashboardOf(name);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  });
});

async function scrape(url: string): Promise<Set<string>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return new Set([...text.matchAll(/^([a-z]\w+)(?:\{| )/gm)].map(([, name = '']) => name));
}

function dashboardOf(name: string): Dashboard {
  return JSON.parse(readFileSync(`${deploy}grafana/${name}`, 'utf8')) as Dashboard;
}

/** The names of metrics in an expression: words that are no label, function or keyword. */
function metricsIn(expression: string): string[] {
  const bare = expression
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\b(?:by|without|on)\s*\([^)]*\)/g, '')
    .replaceAll(/\[[^\]]*\]/g, '');
  return [...bare.matchAll(/\b[a-z]\w+\b(?!\s*\()/g)]
    .map(([name]) => name)
    .filter((name) => !/^\d/.test(name));
}
