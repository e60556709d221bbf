import { FlagdProvider } from '@openfeature/flagd-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { GraylaneProvider } from '@graylane/provider';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { admin, type Answer } from '../../apps/server/test/support/admin.ts';
import { fees, serveFolder, type Served } from '../../apps/server/test/support/serve.ts';

const lane = {
  state: 'ENABLED',
  variants: { gray: 'gray', 'gray-control': 'gray-control', baseline: 'baseline' },
  defaultVariant: 'baseline',
  targeting: { if: [{ '==': [{ var: 'tester' }, true] }, 'gray'] },
};
const tester = { tester: true };

let served: Served;
let ask: ReturnType<typeof admin>;
const providers: GraylaneProvider[] = [];

beforeEach(async () => {
  served = await serveFolder({ flags: { lane, fees } });
  ask = admin(served.url);
});
afterEach(async () => {
  await OpenFeature.close();
  await Promise.all(providers.splice(0).map((provider) => provider.onClose()));
  await served.close();
});

async function connect(count: number): Promise<void> {
  const opened = Array.from({ length: count }, () => new GraylaneProvider({ source: { url: served.url } }));
  providers.push(...opened);
  await Promise.all(opened.map((provider) => provider.initialize()));
  await expect
    .poll(async () => (await ask('GET', 'clients')).body['confirmed'], { timeout: 60_000 })
    .toBe(count);
}

async function kill(body: object, wait = 60, headers: Record<string, string> = {}): Promise<Answer> {
  return ask('POST', `kill?wait=${wait}`, { body, headers });
}

async function evaluated(flag: string, context: object): Promise<unknown> {
  const response = await fetch(`${served.url}/ofrep/v1/evaluate/flags/${flag}`, {
    method: 'POST',
    body: JSON.stringify({ context }),
  });
  return ((await response.json()) as { value?: unknown }).value;
}

describe('a kill', () => {
  test('of a lane is confirmed by 200 providers', { timeout: 120_000 }, async () => {
    await connect(200);
    const { status, body } = await kill({ lane: 'gray' });
    expect([status, body]).toEqual([
      200,
      {
        revision: expect.any(String),
        clients: { connected: 200, confirmed: 200, unconfirmable: 0, lastMs: expect.any(Number) },
      },
    ]);
    for (const provider of providers) {
      expect(provider.revision).toBe(body['revision']);
      expect((await provider.resolveStringEvaluation('lane', 'none', tester)).value).toBe('baseline');
    }
  });

  test('is in the history with author and reason, in the list, and lifted', async () => {
    await kill({ lane: 'gray' }, 0, { 'graylane-reason': 'errors' });
    const { body: listed } = await ask('GET', 'kill');
    const at = expect.stringMatching(/^\d{4}-.*Z$/) as string;
    expect(listed['kills']).toEqual([
      { lane: 'gray', at, author: 'anonymous', reason: 'errors', held: false },
    ]);
    const [newest] = (await ask('GET', 'history')).body['revisions'] as object[];
    expect(newest).toMatchObject({ author: 'anonymous', reason: 'errors' });
    expect(JSON.stringify(newest)).toContain('gray');
    expect(await evaluated('lane', tester)).toBe('baseline');
    expect((await ask('GET', 'flags/lane')).body).toEqual(lane);

    expect((await ask('DELETE', 'kill/lanes/gray?wait=0')).status).toBe(200);
    expect(await evaluated('lane', tester)).toBe('gray');
    expect((await ask('DELETE', 'kill/lanes/gray')).status).toBe(404);
    expect((await ask('GET', 'kill')).body['kills']).toEqual([]);
  });

  test("reaches OFREP and flagd's own provider, which count as connected and can not confirm", async () => {
    await OpenFeature.setProviderAndWait(
      'flagd',
      new FlagdProvider({ host: '127.0.0.1', port: served.grpcPort, resolverType: 'in-process' }),
    );
    const client = OpenFeature.getClient('flagd');
    expect(await client.getStringValue('lane', 'none', tester)).toBe('gray');
    const { body } = await kill({ lane: 'gray' });
    expect(body['clients']).toEqual({ connected: 1, confirmed: 0, unconfirmable: 1, lastMs: null });
    await expect.poll(() => client.getStringValue('lane', 'none', tester)).toBe('baseline');
    expect(await client.getBooleanValue('fees', false, { lane: 'gray' })).toBe(false);
    expect(await evaluated('fees', { lane: 'gray' })).toBe(false);
  });

  test('of a flag switches it off, whatever is written into it later', async () => {
    await kill({ flag: 'fees' }, 0);
    expect(await evaluated('fees', { lane: 'gray' })).toBeUndefined();
    const { headers } = await ask('GET', 'flags/fees');
    const etag = headers.get('etag') ?? '';
    const on = { ...fees, defaultVariant: 'on' };
    expect((await ask('PUT', 'flags/fees', { body: on, headers: { 'if-match': etag } })).status).toBe(200);
    expect(await evaluated('fees', {})).toBeUndefined();
    await ask('DELETE', 'kill/flags/fees?wait=0');
    expect(await evaluated('fees', {})).toBe(true);
  });

  test('of a name that no flag has is made, with a warning', async () => {
    expect((await kill({ lane: 'grey' }, 0)).body['warning']).toBe(
      'no flag has a variant that is the lane "grey"',
    );
    expect((await kill({ flag: 'fee' }, 0)).body['warning']).toBe('there is no flag "fee"');
  });

  test('survives a restart', async () => {
    await kill({ lane: 'gray' }, 0);
    const { body } = await ask('GET', '/environments/default');
    expect(body['$killed']).toMatchObject({ lanes: { gray: { author: 'anonymous' } } });
  });

  test.each([
    [{}, 400, 'the body must name one lane or one flag'],
    [{ lane: 'gray', flag: 'fees' }, 400, 'the body must name one lane or one flag'],
    [{ lane: 'gray', reason: 'x' }, 400, 'there is no member "reason"'],
    [{ lane: 'baseline' }, 400, 'this can not be killed'],
    [{ lane: 'Gray!' }, 400, 'this can not be killed'],
  ])('of %j is refused', async (body, status, detail) => {
    const answer = await kill(body);
    expect([answer.status, answer.body['detail']]).toEqual([status, expect.stringContaining(detail)]);
  });

  test.each(['-1', '61', 'x', ''])('that waits "%s" seconds is refused', async (wait) => {
    expect((await ask('POST', `kill?wait=${wait}`, { body: { lane: 'gray' } })).status).toBe(400);
  });
});

describe('clients', () => {
  test('are listed with service, revision and age, as long as they are connected', async () => {
    await connect(2);
    const { body } = await ask('GET', 'clients');
    expect(body).toMatchObject({ connected: 2, confirmed: 2, unconfirmable: 0 });
    const clients = body['clients'] as { instance: string }[];
    expect(new Set(clients.map(({ instance }) => instance)).size).toBe(2);
    expect(clients[0]).toEqual({
      service: expect.any(String),
      instance: expect.any(String),
      revision: body['revision'],
      current: true,
      ageSeconds: expect.any(Number),
      connected: true,
    });
    await Promise.all(providers.splice(0).map((provider) => provider.onClose()));
    await expect.poll(async () => (await ask('GET', 'clients')).body['connected']).toBe(0);
  });

  test('that report here, and are connected elsewhere, are listed and not counted', async () => {
    const report = { service: 'orders', instance: 'one', revision: 'h.1' };
    expect((await ask('POST', 'clients', { body: report })).status).toBe(204);
    const { body } = await ask('GET', 'clients');
    expect(body).toMatchObject({ connected: 0, clients: [{ ...report, connected: false, current: false }] });
  });

  test.each([
    [{}, '"service" is missing'],
    [{ service: 'orders' }, '"instance" is missing'],
    [{ service: 'orders', instance: 'a b' }, '"instance" is "a b"'],
    [{ service: 'orders', instance: 'a', revision: 7 }, '"revision" is 7'],
    [{ service: 'orders', instance: 'a', revision: 'h.1', downstream: { connected: -1 } }, '"downstream" is'],
  ])('refuses the report %j', async (body, detail) => {
    const answer = await ask('POST', 'clients', { body });
    expect([answer.status, answer.body['detail']]).toEqual([400, expect.stringContaining(detail)]);
  });
});
