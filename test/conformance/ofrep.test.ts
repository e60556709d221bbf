import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature as OpenFeatureServer } from '@openfeature/server-sdk';
import { OpenFeature as OpenFeatureWeb, ProviderEvents, type Provider } from '@openfeature/web-sdk';
import { EventSource } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { followStream } from '../../apps/server/test/support/follow.ts';
import { fees, serve, type Served } from '../../apps/server/test/support/serve.ts';
import { describeWith } from '../components/components.ts';
import { conformanceData } from '../components/conformance.ts';
import { ofrepSchema } from '../support/ofrep-schema.ts';

const flags = {
  fees,
  text: { state: 'ENABLED', variants: { a: 'grün' }, defaultVariant: 'a' },
  number: { state: 'ENABLED', variants: { a: 1.5 }, defaultVariant: 'a', metadata: { team: 'x', top: true } },
  object: { state: 'ENABLED', variants: { a: { nested: [1] } }, defaultVariant: 'a' },
  off: { state: 'DISABLED', variants: { a: 'A' }, defaultVariant: 'a' },
  open: { state: 'ENABLED', variants: { a: 'A' }, defaultVariant: null },
  broken: { state: 'ENABLED', variants: { a: 'A' }, targeting: { iff: [] } },
};
const document = { metadata: { flagSetId: 'shop' }, flags };
const user = { targetingKey: 'ada' };
let served: Served;

await describeWith(conformanceData, 'every answer is what the OpenAPI document of OFREP describes', () => {
  beforeAll(async () => {
    served = await serve(document);
  });
  afterAll(() => served.close());

  test.each([
    ['fees', 200, 'serverEvaluationSuccess'],
    ['text', 200, 'serverEvaluationSuccess'],
    ['number', 200, 'serverEvaluationSuccess'],
    ['object', 200, 'serverEvaluationSuccess'],
    ['off', 200, 'serverEvaluationSuccess'],
    ['open', 200, 'serverEvaluationSuccess'],
    ['broken', 400, 'evaluationFailure'],
    ['nobody', 404, 'flagNotFound'],
  ])('flag %s: %i, %s', async (key, status, schema) => {
    const answer = await ask(`/${key}`, { context: user });
    expect(answer.status).toBe(status);
    await expectToFit(schema, answer);
  });

  test.each([
    ['/fees', { context: 'x' }, 'evaluationFailure'],
    ['', { context: 'x' }, 'bulkEvaluationFailure'],
  ])('a context that is none, at "%s"', async (path, body, schema) => {
    const answer = await ask(path, body);
    expect(answer.status).toBe(400);
    await expectToFit(schema, answer);
  });

  test('all flags at once, with the stream of changes', async () => {
    const answer = await ask('', { context: user });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('etag')).toMatch(/^"[\w-]+"$/);
    await expectToFit('bulkEvaluationSuccess', answer);
  });

  test('an event of the stream', async () => {
    const { eventStreams } = (await (await ask('', { context: user })).json()) as {
      eventStreams: [{ endpoint: { requestUri: string } }];
    };
    const stream = await followStream(`${served.url}${eventStreams[0].endpoint.requestUri}`);
    const [received] = await stream.events.take(1);
    stream.close();
    const { data, ...event } = { event: '', id: '', ...received };
    const validEvent = ofrepSchema('sseEvent');
    expect([validEvent({ ...event, data: JSON.stringify(data) }), validEvent.errors]).toEqual([true, null]);
    const validData = ofrepSchema('sseEventData');
    expect([validData(data), validData.errors]).toEqual([true, null]);
    expect(event.event).toBe('message');
  });

  async function expectToFit(schema: string, answer: Response): Promise<void> {
    const validate = ofrepSchema(schema);
    expect([validate(await answer.json()), validate.errors]).toEqual([true, null]);
  }
});

describe("OpenFeature's own OFREP providers", () => {
  beforeAll(() => {
    // The globals of a browser that Node 20 lacks.
    vi.stubGlobal('EventSource', EventSource);
  });
  afterAll(() => vi.unstubAllGlobals());
  afterEach(async () => {
    await OpenFeatureServer.close();
    await OpenFeatureWeb.close();
    await served.close();
  });

  test('of the server return the results of the rules, kind by kind', async () => {
    served = await serve(document);
    await OpenFeatureServer.setProviderAndWait('ofrep', new OFREPProvider({ baseUrl: served.url }));
    const client = OpenFeatureServer.getClient('ofrep');
    expect(await client.getBooleanDetails('fees', false, { ...user, lane: 'gray' })).toMatchObject({
      value: true,
      variant: 'on',
      reason: 'TARGETING_MATCH',
      flagMetadata: { flagSetId: 'shop' },
    });
    expect(await client.getStringValue('text', 'x')).toBe('grün');
    expect(await client.getNumberValue('number', 0)).toBe(1.5);
    expect(await client.getObjectValue('object', {})).toEqual({ nested: [1] });
    expect(await client.getStringDetails('off', 'mine')).toMatchObject({ value: 'mine' });
    expect(await client.getStringDetails('open', 'mine')).toMatchObject({ value: 'mine' });
    for (const [key, errorCode] of [
      ['broken', 'PARSE_ERROR'],
      ['nobody', 'FLAG_NOT_FOUND'],
      ['text', 'TYPE_MISMATCH'],
    ] as const) {
      expect(await client.getBooleanDetails(key, true)).toMatchObject({ value: true, errorCode });
    }
  });

  test('of the server keep to Retry-After, with the default until then', async () => {
    served = await serve(document, { rateLimit: 1 });
    await OpenFeatureServer.setProviderAndWait('ofrep', new OFREPProvider({ baseUrl: served.url }));
    const client = OpenFeatureServer.getClient('ofrep');
    expect(await client.getStringValue('text', 'mine')).toBe('grün');
    // Where a second has passed between two questions, the third is the second one too many.
    await expect.poll(() => client.getStringValue('text', 'mine'), { interval: 0 }).toBe('mine');
    await expect.poll(() => client.getStringValue('text', 'mine')).toBe('grün');
  });

  test('of the browser evaluate for one context, and hear of a change by the event stream', async () => {
    served = await serve(document);
    await OpenFeatureWeb.setContext('web', { ...user, lane: 'gray' });
    await OpenFeatureWeb.setProviderAndWait('web', webProvider());
    const client = OpenFeatureWeb.getClient('web');
    const changes: unknown[] = [];
    client.addHandler(ProviderEvents.ConfigurationChanged, (event) => changes.push(event?.flagsChanged));
    expect(client.getBooleanValue('fees', false)).toBe(true);
    expect(client.getNumberDetails('number', 0)).toMatchObject({
      value: 1.5,
      flagMetadata: { flagSetId: 'shop', team: 'x', top: true },
    });
    expect(client.getStringValue('open', 'mine')).toBe('mine');
    const changed = { ...flags.text, variants: { a: 'blau' } };
    served.edit(JSON.stringify({ ...document, flags: { ...flags, text: changed } }));
    await expect.poll(() => client.getStringValue('text', 'x')).toBe('blau');
    // It gets the event of a change after the change itself, and none if two of its evaluations
    // have the same result.
    await expect.poll(() => changes.flat()).toEqual(['text']);
    await OpenFeatureWeb.setContext('web', user);
    expect(client.getBooleanValue('fees', true)).toBe(false);
  });

  test('of the browser come back after a restart of the server, to the rules of then', async () => {
    served = await serve(document);
    const { port } = new URL(served.url);
    await OpenFeatureWeb.setProviderAndWait('web', webProvider());
    const client = OpenFeatureWeb.getClient('web');
    await served.close();
    const changed = { ...flags.text, variants: { a: 'blau' } };
    served = await serve({ flags: { ...flags, text: changed } }, { port: Number(port) });
    await expect.poll(() => client.getStringValue('text', 'x')).toBe('blau');
  });
});

async function ask(path: string, body: object): Promise<Response> {
  return fetch(`${served.url}/ofrep/v1/evaluate/flags${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

function webProvider(): Provider {
  return new OFREPWebProvider({ baseUrl: served.url }) as Provider;
}
