import { parse } from 'yaml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codeBlocks } from '../../../../test/support/markdown.ts';
import { admin } from '../support/admin.ts';
import { serveFolder, type Served } from '../support/serve.ts';
import { dyeRule, request } from './rollout-requests.ts';

const blocks = codeBlocks('docs/rollouts.md');
const requests = blocks.filter(({ info }) => info.startsWith('json'));
const [analysis, canary] = blocks
  .filter(({ info }) => info === 'yaml')
  .map(({ code }) => parse(code) as unknown) as unknown as [AnalysisTemplate, Canary];

interface AnalysisTemplate {
  readonly spec: { readonly metrics: readonly [Metric] };
}

interface Metric {
  readonly successCondition: string;
  readonly failureCondition: string;
  readonly provider: { readonly web: { readonly url: string; readonly jsonPath: string } };
}

interface Canary {
  readonly spec: {
    readonly analysis: { readonly webhooks: ReadonlyArray<{ readonly type: string; readonly url: string }> };
  };
}

let served: Served;
let send: ReturnType<typeof admin>;

beforeEach(async () => {
  served = await serveFolder({ flags: { lane: dyeRule } }, { prometheus: ['http://prometheus:9090'] });
  send = admin(served.url);
});
afterEach(() => served.close());

test.each(requests)('docs/rollouts.md: $info starts a rollout', async ({ code }) => {
  const { status, body } = await send('POST', 'rollouts', { body: JSON.parse(code) as object });
  expect([status, body['problems']]).toEqual([201, undefined]);
});

test('docs/rollouts.md has two requests and two manifests', () => {
  expect(requests).toHaveLength(2);
  expect(analysis.spec.metrics).toHaveLength(1);
  expect(canary.spec.analysis.webhooks).toHaveLength(3);
});

describe.each([
  ['without data', [], 'inconclusive'],
  ['that was promoted', ['promote'], 'pass'],
  ['that was rolled back', ['rollback'], 'fail'],
] as const)('the verdict of a rollout %s', (_state, acts, verdict) => {
  let id: string;

  beforeEach(async () => {
    const { body } = await send('POST', 'rollouts', { body: { ...request, steps: [{ weight: 50 }] } });
    id = String(body['id']);
    for (const act of acts) await send('POST', `rollouts/${id}/${act}`);
  });

  test(`is ${verdict} for Argo Rollouts`, async () => {
    const [metric] = analysis.spec.metrics;
    const response = await fetch(here(metric.provider.web.url, id));
    expect(response.status).toBe(200);
    const value = valueAt(metric.provider.web.jsonPath, await response.json());
    expect({
      success: meets(metric.successCondition, value),
      failure: meets(metric.failureCondition, value),
    }).toEqual({ success: verdict === 'pass', failure: verdict === 'fail' });
  });

  test(`is ${verdict} for Flagger's webhooks`, async () => {
    for (const { type, url } of canary.spec.analysis.webhooks) {
      const response = await fetch(here(url, id), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'payments', namespace: 'shop', phase: 'Progressing' }),
      });
      // Flagger takes every status above 202 for a failure of the hook.
      const passes = type === 'rollback' ? verdict === 'fail' : verdict === 'pass';
      expect([type, response.status]).toEqual([type, passes ? 200 : 409]);
    }
  });
});

/** The URL of a manifest, at the server of this test. */
function here(url: string, id: string): string {
  const { pathname } = new URL(url.replace(/\{\{args\.rollout\}\}|ROLLOUT/, id));
  return `${served.url}${pathname}`;
}

/** The value at a path of the form `{$.name}`. */
function valueAt(path: string, body: unknown): number {
  const [, name = ''] = /^\{\$\.(\w+)\}$/.exec(path) ?? [];
  return (body as Record<string, number>)[name] ?? Number.NaN;
}

/** Whether a value meets a condition of the form `asFloat(result) == 1`. */
function meets(condition: string, value: number): boolean {
  const [, wanted] = /^asFloat\(result\) == ([\d.]+)$/.exec(condition) ?? [];
  expect(wanted).toBeDefined();
  return value === Number(wanted);
}
