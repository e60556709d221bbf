import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openapi } from '../../src/protocols/admin/openapi.ts';
import { errorsSli, LaneTraffic } from '../../../../test/support/lane-traffic.ts';
import { admin, type Answer } from '../support/admin.ts';
import { fees, serveFolder, type Served } from '../support/serve.ts';
import { dyeRule, request } from './rollout-requests.ts';

const internal = { if: [{ '==': [{ var: 'tenant' }, 'internal'] }, 'gray'] };
const document = { flags: { lane: { ...dyeRule, targeting: internal }, fees } };
const users = Array.from({ length: 150 }, (_, index) => `user-${index}`);

let served: Served;
let send: (...given: Parameters<ReturnType<typeof admin>>) => Promise<Answer>;

beforeEach(async () => {
  served = await serveFolder(document);
  send = admin(served.url);
});
afterEach(() => served.close());

/** Starts a rollout, and returns its path. */
async function start(change: object = {}): Promise<string> {
  const { status, body, headers } = await send('POST', 'rollouts', { body: { ...request, ...change } });
  expect([status, body]).toEqual([201, expect.any(Object)]);
  const path = headers.get('location') ?? '';
  expect(path).toBe(`/api/v1/environments/default/rollouts/${String(body['id'])}`);
  return path.replace('/api/v1', '');
}

/** How many of the users are in each lane. */
async function lanes(context: object = {}): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const targetingKey of users) {
    const lane = String(await evaluate('lane', { ...context, targetingKey }));
    counts[lane] = (counts[lane] ?? 0) + 1;
  }
  return counts;
}

async function evaluate(flag: string, context: object): Promise<unknown> {
  const response = await fetch(`${served.url}/ofrep/v1/evaluate/flags/${flag}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ context }),
  });
  return ((await response.json()) as { value?: unknown }).value;
}

async function history(): Promise<ReadonlyArray<Record<string, unknown>>> {
  const { body } = await send('GET', 'history');
  return body['revisions'] as ReadonlyArray<Record<string, unknown>>;
}

describe('a rollout by the API', () => {
  test('moves the dye rule by revisions with author and reason', async () => {
    const path = await start({ steps: [{ weight: 50 }, { weight: 100 }] });
    const half = await lanes();
    expect(Object.keys(half).toSorted()).toEqual(['gray', 'gray-control']);
    expect(Math.abs((half['gray'] ?? 0) / users.length - 0.5)).toBeLessThan(0.25);

    const options = { headers: { 'graylane-reason': 'it is good' } };
    expect((await send('POST', `${path}/promote`, options)).body).toMatchObject({
      state: 'running',
      step: 2,
    });
    expect((await lanes())['gray']).toBeGreaterThan(135);

    expect((await send('POST', `${path}/rollback`)).body).toMatchObject({
      state: 'rolled_back',
      ended: true,
    });
    expect(await lanes({ tenant: 'internal' })).toEqual({ baseline: users.length });

    const [rolledBack, promoted, started] = await history();
    const id = path.split('/').at(-1);
    expect(started).toMatchObject({
      author: 'anonymous',
      rollout: id,
      reason: 'start: roll out "gray" by 50 %, 100 %',
    });
    expect(promoted).toMatchObject({ reason: 'promote: it is good', rollout: id });
    expect(rolledBack).toMatchObject({ reason: 'rollback: rollback by hand', rollout: id });
    expect((await history()).at(-1)).not.toHaveProperty('rollout');
  });

  test('is tried again by resume, and gives the dye rule back when it is finished', async () => {
    const path = await start({ steps: [{ weight: 50 }] });
    await send('POST', `${path}/rollback`);
    expect((await send('POST', `${path}/resume`)).body).toMatchObject({
      state: 'running',
      step: 1,
      attempt: 2,
    });
    expect((await lanes())['gray']).toBeGreaterThan(40);
    await send('POST', `${path}/promote`, { body: { full: true } });
    expect((await send('POST', `${path}/finish`)).body).toMatchObject({ state: 'promoted', finished: true });
    expect(await lanes()).toEqual({ baseline: users.length });
    expect(await evaluate('lane', { tenant: 'internal' })).toBe('gray');
    const { body } = await send('GET', 'flags/lane');
    expect(body).toEqual({ ...document.flags.lane, variants: expect.objectContaining(dyeRule.variants) });
  });

  test('dyes both arms in its A/A looks, and holds its release back', async () => {
    const path = await start({ sameCodeLooks: 20, steps: [{ weight: 50 }] });
    expect((await send('GET', path)).body).toMatchObject({ state: 'running', step: 0, calibrating: [50] });
    expect(Object.keys(await lanes()).toSorted()).toEqual(['gray', 'gray-control']);
    expect(await evaluate('fees', { lane: 'gray' })).toBe(false);
    await send('POST', `${path}/promote`);
    expect(await evaluate('fees', { lane: 'gray' })).toBe(true);
    await send('POST', `${path}/rollback`);
    expect((await send('GET', '/environments/default')).body).not.toHaveProperty('$killed');
  });

  test('is paused by an edit of its dye rule, and writes its rule again when it is resumed', async () => {
    const path = await start({ steps: [{ weight: 50 }], guard: { ...request.guard, lookSeconds: 1 } });
    const { headers, body } = await send('GET', 'flags/lane');
    await send('PUT', 'flags/lane', {
      headers: { 'if-match': headers.get('etag') ?? '' },
      body: { ...body, targeting: internal },
    });
    await expect
      .poll(async () => (await send('GET', path)).body)
      .toMatchObject({ state: 'paused', because: expect.stringContaining('edited by hand') });
    expect((await history())[0]).toMatchObject({ author: expect.stringMatching(/^graylane rollout /) });
    await send('POST', `${path}/resume`);
    expect((await lanes())['gray']).toBeGreaterThan(40);
  });

  test('is paused by a kill of its lane, in the same revision', async () => {
    const path = await start({ steps: [{ weight: 50 }] });
    expect((await send('POST', 'kill', { body: { lane: 'gray' } })).status).toBe(200);
    const { body } = await send('GET', path);
    expect(body).toMatchObject({ state: 'paused', because: expect.stringContaining('is killed') });
    expect(await lanes()).toEqual({ baseline: users.length });
    const { body: refusal, status } = await send('POST', `${path}/resume`);
    expect([status, refusal['detail']]).toEqual([409, expect.stringContaining('lift the kill')]);
    await send('DELETE', 'kill/lanes/gray');
    expect((await send('POST', `${path}/resume`)).body).toMatchObject({ state: 'running' });
    expect((await lanes())['gray']).toBeGreaterThan(40);
  });

  test('holds without signals, and moves by hand alone', async () => {
    const path = await start({ guard: { ...request.guard, lookSeconds: 1 } });
    await expect
      .poll(async () => ((await send('GET', path)).body as { holds: string[] }).holds.length)
      .toBeGreaterThan(0);
    expect((await send('GET', path)).body).toMatchObject({
      state: 'running',
      step: 1,
      looks: 0,
      holds: [expect.stringContaining('payments')],
    });
    expect((await send('GET', `${path}/verdict`)).body).toMatchObject({
      value: 0.5,
      verdict: 'inconclusive',
    });
    await send('POST', `${path}/rollback`);
    expect((await send('GET', `${path}/verdict`)).body).toMatchObject({ value: 0, verdict: 'fail' });
  });

  test('is listed, and cheap to poll', async () => {
    const path = await start();
    const list = await send('GET', 'rollouts');
    expect(list.body['rollouts']).toMatchObject([
      { state: 'running', flag: 'lane', lane: 'gray', mode: 'pause' },
    ]);
    await send('POST', `${path}/pause`);
    for (const at of ['rollouts', path]) {
      const etag = (await send('GET', at)).headers.get('etag') ?? '';
      expect(etag).toMatch(/^"/);
      await expect
        .poll(async () => {
          const seen = (await send('GET', at)).headers.get('etag') ?? '';
          return (await send('GET', at, { headers: { 'if-none-match': seen } })).status;
        })
        .toBe(304);
    }
  });

  test('pauses by default where it is the first one, and acts later', async () => {
    const first = await start();
    await send('POST', `${first}/rollback`);
    const second = await start();
    expect((await send('GET', first)).body).toMatchObject({ mode: 'pause', finished: true });
    expect((await send('GET', second)).body).toMatchObject({ mode: 'act' });
  });

  test('takes the lanes over from standing ones', async () => {
    const standing = await start({ standing: true, steps: [{ weight: 10 }] });
    expect((await send('GET', standing)).body).toMatchObject({ state: 'running', step: 0, standing: true });
    const path = await start({ steps: [{ weight: 10 }] });
    expect((await send('GET', standing)).body).toMatchObject({
      finished: true,
      because: expect.stringContaining('took over'),
    });
    const seeds = await Promise.all(
      [standing, path].map(
        async (one) => ((await send('GET', `${one}/report`)).body as { who: { seed: string } }).who.seed,
      ),
    );
    expect(seeds[0]).toBe(seeds[1]);
    expect(await evaluate('fees', { lane: 'gray' })).toBe(true);
  });

  test('is promoted by its verdict, also if its requests hardly ever fail', async () => {
    const arms = { gray: { requests: 400, bad: 0 }, control: { requests: 400, bad: 0 } };
    const traffic = new LaneTraffic(() => [served.url], 'gray', arms);
    try {
      const guard = { slis: [errorsSli], lookSeconds: 1, minRequests: 1, mode: 'act' };
      const path = await start({ unit: 'request', steps: [{ weight: 50, minSeconds: 0 }], guard });
      await expect
        .poll(async () => (await send('GET', path)).body['state'], { timeout: 60_000 })
        .toBe('promoted');
      expect((await send('GET', path)).body['because']).toContain('a share of 0.1 % bad gray requests');
    } finally {
      await traffic.close();
    }
  });

  test('draws its units independently of another one', async () => {
    await send('PUT', 'flags/other', { headers: { 'if-none-match': '*' }, body: dyeRule });
    await start({ steps: [{ weight: 50 }] });
    await start({ steps: [{ weight: 50 }], flag: 'other', lane: 'blue' });
    const both = await Promise.all(
      users.map(async (targetingKey) => [
        (await evaluate('lane', { targetingKey })) === 'gray',
        (await evaluate('other', { targetingKey })) === 'blue',
      ]),
    );
    // Half of each, so a quarter of the users are in both: 38, with a deviation of 5.3.
    const shared = both.filter(([gray, blue]) => gray && blue).length;
    expect(shared).toBeGreaterThan(10);
    expect(shared).toBeLessThan(66);
  });
});

describe('the metrics of a rollout', () => {
  async function metrics(): Promise<string> {
    return (await fetch(`${served.managementUrl}/metrics`)).text();
  }

  test('have its state, weights and the kind of reason to hold', async () => {
    const path = await start({ guard: { ...request.guard, lookSeconds: 1 } });
    const labels = `environment="default",rollout="${path.split('/').at(-1)}",lane="gray"`;
    await expect.poll(metrics).toContain(`graylane_rollout_hold{${labels},reason="data"} 1`);
    expect(await metrics()).toContain(`graylane_rollout_weight_percent{${labels},arm="control"} 5`);
    await send('POST', `${path}/rollback`);
    await expect.poll(metrics).toContain(`graylane_rollout_state{${labels},state="rolled_back"} 1`);
  });

  test('have the evidence of each test and SLI, the threshold, the looks and the age of the data', async () => {
    const arms = { gray: { requests: 20, bad: 10 }, control: { requests: 20, bad: 1 } };
    const traffic = new LaneTraffic(() => [served.url], 'gray', arms);
    try {
      const guard = { slis: [errorsSli], lookSeconds: 1, minRequests: 1, mode: 'pause' };
      const path = await start({ unit: 'request', guard });
      const id = path.split('/').at(-1);
      const valueOf = async (name: string, labels = ''): Promise<number> => {
        const begin = `graylane_rollout_${name}{environment="default",rollout="${id}",lane="gray"${labels}} `;
        const line = (await metrics()).split('\n').find((one) => one.startsWith(begin));
        return Number(line?.slice(begin.length));
      };
      await expect
        .poll(async () => (await send('GET', path)).body['state'], { timeout: 60_000 })
        .toBe('paused');
      const { verdict, looks } = (await send('GET', path)).body as {
        verdict: { total: Record<string, number>; slis: Record<string, Record<string, number>> };
        looks: number;
      };
      expect(await valueOf('log_e_threshold')).toBeCloseTo(verdict.total['threshold'] ?? NaN, 2);
      expect(await valueOf('looks')).toBeGreaterThanOrEqual(looks);
      for (const kind of ['fast', 'robust', 'reverse']) {
        for (const [sli, numbers] of [
          ['all', verdict.total],
          [errorsSli.name, verdict.slis[errorsSli.name]],
        ] as const) {
          expect(await valueOf('log_e', `,sli="${sli}",test="${kind}"`)).toBeCloseTo(
            numbers?.[kind] ?? NaN,
            2,
          );
        }
      }
      const age = await valueOf('data_age_seconds');
      expect(age).toBeGreaterThanOrEqual(0);
      expect(age).toBeLessThan(60);
      expect(await valueOf('hold', ',reason="data"')).toBe(0);
    } finally {
      await traffic.close();
    }
  });
});

describe('a rollout is refused', () => {
  test('with all faults of the request and of the dye rule', async () => {
    const faulty = await send('POST', 'rollouts', { body: { lane: 'Gray' } });
    expect(faulty.status).toBe(422);
    expect((faulty.body['problems'] as unknown[]).length).toBeGreaterThan(3);
    for (const [change, remedy] of [
      [{ flag: 'fees' }, /guarded with it/],
      [{ eligible: { '==': [{ var: 'region' }, 'cn'] } }, /leave "eligible" out/],
    ] as const) {
      const { status, body } = await send('POST', 'rollouts', { body: { ...request, ...change } });
      expect([status, body['problems']]).toEqual([
        422,
        [expect.objectContaining({ remedy: expect.stringMatching(remedy) })],
      ]);
    }
  });

  test('while another one moves the dye rule, or the lane', async () => {
    const path = await start();
    const { status, body } = await send('POST', 'rollouts', { body: request });
    expect([status, body['detail']]).toEqual([409, expect.stringContaining(path.split('/').at(-1) ?? '')]);
    await send('PUT', 'flags/other', { headers: { 'if-none-match': '*' }, body: dyeRule });
    expect((await send('POST', 'rollouts', { body: { ...request, flag: 'other' } })).status).toBe(409);
    expect(
      (await send('POST', 'rollouts', { body: { ...request, flag: 'other', lane: 'blue' } })).status,
    ).toBe(201);
  });

  test('to act against its state, and where it does not exist', async () => {
    const path = await start();
    expect((await send('POST', `${path}/resume`)).status).toBe(409);
    expect((await send('POST', `${path}/promote`, { body: { fully: true } })).status).toBe(400);
    for (const at of ['rollouts/x', 'rollouts/x/report', 'rollouts/x/verdict']) {
      expect((await send('GET', at)).status).toBe(404);
    }
    expect((await send('POST', 'rollouts/x/pause')).status).toBe(404);
    expect((await send('POST', '/environments/nowhere/rollouts', { body: request })).status).toBe(404);
  });
});

describe('the report', () => {
  test('has each act with its revision and difference, as JSON and as described', async () => {
    const path = await start();
    await send('POST', `${path}/pause`, {
      headers: { 'graylane-reason': encodeURIComponent('wait <b>here</b> ☕') },
    });
    const { body } = await send('GET', `${path}/report`);
    const [pause, begin] = await history();
    expect(body).toMatchObject({
      environment: 'default',
      who: { flag: 'lane', lane: 'gray', control: 'gray-control', unit: 'user', unitKey: 'targetingKey' },
      acts: [
        { kind: 'start', revision: begin?.['revision'], diff: expect.any(Array) },
        { kind: 'pause', revision: pause?.['revision'], author: 'anonymous' },
      ],
    });
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(JSON.parse(openapi.toString()) as object, 'openapi');
    for (const [schema, at] of [
      ['RolloutReport', `${path}/report`],
      ['Rollout', path],
      ['Rollouts', 'rollouts'],
      ['VerdictMetric', `${path}/verdict`],
    ] as const) {
      const validate = ajv.getSchema(`openapi#/components/schemas/${schema}`);
      expect([at, validate?.((await send('GET', at)).body), validate?.errors]).toEqual([at, true, null]);
    }
  });

  test('is a page without scripts that escapes what people wrote', async () => {
    const path = await start();
    await send('POST', `${path}/pause`, {
      headers: { 'graylane-reason': encodeURIComponent('wait <b>here</b> ☕') },
    });
    const response = await fetch(`${served.url}/api/v1${path}/report`, { headers: { accept: 'text/html' } });
    const html = await response.text();
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    expect(response.headers.get('content-security-policy')).toMatch(
      /default-src 'none'; style-src 'unsafe-inline'/,
    );
    expect(html).toContain('wait &#60;b&#62;here&#60;/b&#62; ☕');
    expect(html).not.toMatch(/<script|<b>here|https?:\/\/(?!www\.w3\.org)/);
  });
});
