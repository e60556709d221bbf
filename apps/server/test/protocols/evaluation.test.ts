import { once } from 'node:events';
import { connect } from 'node:http2';
import { createClient, type Client } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inbox, type Inbox } from '../../../../test/support/inbox.ts';
import { Service as ServiceV1 } from '../../src/protocols/flagd/gen/flagd/evaluation/v1/evaluation_pb.ts';
import { Service as ServiceV2 } from '../../src/protocols/flagd/gen/flagd/evaluation/v2/evaluation_pb.ts';
import { FlagSyncService } from '../../src/protocols/flagd/gen/flagd/sync/v1/sync_pb.ts';
import { fees, serve, type Served } from '../support/serve.ts';

const flags = {
  fees,
  text: { state: 'ENABLED', variants: { a: 'A' }, defaultVariant: 'a', metadata: { team: 'x' } },
  half: { state: 'ENABLED', variants: { a: 1.5 }, defaultVariant: 'a' },
  whole: { state: 'ENABLED', variants: { a: 7 }, defaultVariant: 'a' },
  object: { state: 'ENABLED', variants: { a: { nested: [1, { b: null }] } }, defaultVariant: 'a' },
  list: { state: 'ENABLED', variants: { a: [1] }, defaultVariant: 'a' },
  off: { state: 'DISABLED', variants: { a: 'A' }, defaultVariant: 'a' },
  open: { state: 'ENABLED', variants: { a: 'A' }, defaultVariant: null },
  openObject: { state: 'ENABLED', variants: { a: { b: 1 } } },
  unmatched: { ...fees, defaultVariant: null },
  broken: { state: 'ENABLED', variants: { a: 'A' }, targeting: { iff: [] } },
  lost: { state: 'ENABLED', variants: { a: 'A' }, defaultVariant: 'a', targeting: { if: [true, 'b'] } },
};
const document = { metadata: { flagSetId: 'shop' }, flags };

let served: Served;
let v1: Client<typeof ServiceV1>;
let v2: Client<typeof ServiceV2>;
let sync: Client<typeof FlagSyncService>;

beforeEach(async () => {
  served = await serve(document);
  const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${served.grpcPort}` });
  [v1, v2] = [createClient(ServiceV1, transport), createClient(ServiceV2, transport)];
  sync = createClient(FlagSyncService, transport);
});
afterEach(() => served.close());

describe('flagd.evaluation', () => {
  const metadata = { flagSetId: 'shop' };

  test('returns each type in its field, in both versions', async () => {
    for (const client of [v1, v2]) {
      expect(await client.resolveBoolean({ flagKey: 'fees', context: { lane: 'gray' } })).toMatchObject({
        value: true,
        variant: 'on',
        reason: 'TARGETING_MATCH',
        metadata,
      });
      expect(await client.resolveString({ flagKey: 'text' })).toMatchObject({
        value: 'A',
        reason: 'STATIC',
        metadata: { ...metadata, team: 'x' },
      });
      expect(await client.resolveFloat({ flagKey: 'half' })).toMatchObject({ value: 1.5 });
      expect(await client.resolveFloat({ flagKey: 'whole' })).toMatchObject({ value: 7 });
      expect(await client.resolveInt({ flagKey: 'whole' })).toMatchObject({ value: 7n });
      expect(await client.resolveObject({ flagKey: 'object' })).toMatchObject({
        value: { nested: [1, { b: null }] },
      });
    }
  });

  test('sends no value where the default of the code serves', async () => {
    for (const [flagKey, reason] of [
      ['off', 'DISABLED'],
      ['open', 'DEFAULT'],
    ] as const) {
      const response = await v2.resolveString({ flagKey });
      expect([response.value, response.variant, response.reason]).toEqual([undefined, undefined, reason]);
    }
  });

  test('reports a flag without a default variant as not found in v1, which would have to send a zero value', async () => {
    for (const [flagKey, method] of [
      ['open', 'resolveString'],
      ['openObject', 'resolveObject'],
      ['unmatched', 'resolveBoolean'],
    ] as const) {
      await expect(v1[method]({ flagKey })).rejects.toThrow('[not_found]');
      expect((await v2[method]({ flagKey })).value).toBe(undefined);
    }
    expect(await v1.resolveBoolean({ flagKey: 'unmatched', context: { lane: 'gray' } })).toMatchObject({
      value: true,
    });
    // As flagd does: the reason distinguishes it from a value.
    const disabled = await v1.resolveString({ flagKey: 'off' });
    expect([disabled.value, disabled.variant, disabled.reason]).toEqual(['', '', 'DISABLED']);
  });

  test.each([
    ['nobody', 'String', 'not_found'],
    ['text', 'Boolean', 'invalid_argument'],
    ['half', 'Int', 'invalid_argument'],
    ['list', 'Object', 'invalid_argument'],
    ['broken', 'String', 'data_loss'],
    ['lost', 'String', 'unknown'],
  ] as const)('answers for %s as %s with the status %s', async (flagKey, type, code) => {
    for (const client of [v1, v2]) {
      await expect(client[`resolve${type}`]({ flagKey })).rejects.toThrow(`[${code}]`);
      await expect(client[`resolve${type}`]({ flagKey })).rejects.toThrow(flagKey);
    }
  });

  test('v1 evaluates all flags at once, and leaves out those without a default variant', async () => {
    const { flags: answers, metadata: ofSet } = await v1.resolveAll({ context: { lane: 'gray' } });
    expect(ofSet).toEqual(metadata);
    expect(Object.keys(answers).toSorted()).toEqual(
      ['fees', 'half', 'list', 'object', 'off', 'text', 'unmatched', 'whole'].toSorted(),
    );
    expect(answers).toMatchObject({
      fees: { value: { case: 'boolValue', value: true }, variant: 'on', reason: 'TARGETING_MATCH' },
      half: { value: { case: 'doubleValue', value: 1.5 } },
      object: { value: { case: 'objectValue', value: { nested: [1, { b: null }] } } },
      off: { value: { case: undefined }, reason: 'DISABLED' },
    });
  });
});

describe('all flags at once', () => {
  const delicate = { state: 'ENABLED', variants: { 'ö"': 'ü\n\u2028' }, defaultVariant: 'ö"' };
  const many = Object.fromEntries([
    ...Array.from({ length: 500 }, (_, index) => [`flag-${index}`, fees] as const),
    ['"q"\\', delicate],
    ['__proto__', delicate],
    ['7', { ...delicate, metadata: { owner: 'ü' } }],
  ]);

  test('are the same in every protocol and format, compressed or not', async () => {
    served.edit(
      JSON.stringify({ metadata: { flagSetId: 'shop', n: 1.5, ok: true }, flags: { ...flags, ...many } }),
    );
    await expect
      .poll(async () => Object.keys((await v1.resolveAll({ context: {} })).flags).length)
      .toBeGreaterThan(500);
    const options = { baseUrl: `http://127.0.0.1:${served.grpcPort}`, httpVersion: '1.1' } as const;
    const answers = await Promise.all(
      [
        createGrpcTransport(options),
        createGrpcTransport({ ...options, acceptCompression: [] }),
        createGrpcWebTransport({ ...options, useBinaryFormat: false }),
        createConnectTransport({ ...options, useBinaryFormat: true }),
        createConnectTransport({ ...options, useBinaryFormat: false }),
        createConnectTransport({ ...options, useBinaryFormat: false, acceptCompression: [] }),
      ].map(async (transport) =>
        createClient(ServiceV1, transport).resolveAll({ context: { lane: 'gray' } }),
      ),
    );
    const [one] = answers;
    for (const answer of answers) expect(answer).toEqual(one);
    expect(one?.metadata).toEqual({ flagSetId: 'shop', n: 1.5, ok: true });
    expect(one?.flags['flag-499']).toMatchObject({ variant: 'on', value: { value: true } });
    expect(one?.flags['"q"\\']).toMatchObject({ variant: 'ö"', value: { value: 'ü\n\u2028' } });
    expect(one?.flags['7']).toMatchObject({ metadata: { owner: 'ü' } });
  });

  test('of an empty set are none', async () => {
    served.edit(JSON.stringify({ flags: {} }));
    await expect.poll(async () => (await v1.resolveAll({})).flags).toEqual({});
    const connectJson = createConnectTransport({
      baseUrl: `http://127.0.0.1:${served.grpcPort}`,
      httpVersion: '1.1',
      useBinaryFormat: false,
    });
    expect((await createClient(ServiceV1, connectJson).resolveAll({})).flags).toEqual({});
  });
});

describe('EventStream', () => {
  test('is ready at once, then names what was added, changed and removed', async () => {
    const events = listen();
    expect(await events.take(1)).toEqual([['provider_ready', undefined]]);
    const { off: _removed, ...rest } = flags;
    const changed = { ...fees, defaultVariant: 'on' };
    served.edit(JSON.stringify({ ...document, flags: { ...rest, fees: changed, added: fees } }));
    const [, event] = await events.take(2);
    expect(event).toEqual([
      'configuration_change',
      {
        flags: {
          fees: { type: 'update', source: 'default', flagKey: 'fees' },
          added: { type: 'write', source: 'default', flagKey: 'added' },
          off: { type: 'delete', source: 'default', flagKey: 'off' },
        },
      },
    ]);
  });

  test('announces a shutdown and ends with an error, so that clients reconnect', async () => {
    const events = listen();
    await events.take(1);
    await served.close();
    expect((await events.take(3)).map(([type]) => type)).toEqual([
      'provider_ready',
      'provider_shutdown',
      '[unavailable] the flag server is shutting down: reconnect',
    ]);
  });

  function listen(): Inbox<[string, unknown]> {
    const events = inbox<[string, unknown]>();
    const read = async (): Promise<void> => {
      for await (const { type, data } of v2.eventStream({})) events.put([type, data]);
    };
    read().catch((error: Error) => events.put([error.message, undefined]));
    return events;
  }
});

describe('the selector', () => {
  test.each([
    '',
    'flagSetId=shop',
    'flagSetId=default',
    'environment=default',
    'source=default',
    'default',
    'rawflags/default.json',
    'source=file:/etc/default.yaml',
  ])('%j picks the environment', async (selector) => {
    const headers = { 'flagd-selector': selector };
    expect(await v2.resolveString({ flagKey: 'text' }, { headers })).toMatchObject({ value: 'A' });
    expect((await sync.fetchAllFlags({ selector })).flagConfiguration).toContain('"fees"');
  });

  test.each([
    ['flagSetId=other', 'failed_precondition'],
    ['environment=moon', 'failed_precondition'],
    ['source=', 'failed_precondition'],
    ['moon', 'failed_precondition'],
    ['rawflags/moon.json', 'failed_precondition'],
    ['colour=red', 'invalid_argument'],
    ['=', 'invalid_argument'],
    ['a=b=c', 'invalid_argument'],
  ])('%j matches nothing, and the error names the choices, as %s', async (selector, code) => {
    const headers = { 'flagd-selector': selector };
    const refused = new RegExp(`\\[${code}\\].*(?:use|environment)`);
    await expect(v2.resolveString({ flagKey: 'text' }, { headers })).rejects.toThrow(refused);
    await expect(sync.fetchAllFlags({ selector })).rejects.toThrow(refused);
    await expect(first(sync.syncFlags({ selector }))).rejects.toThrow(refused);
    const ending = new AbortController();
    const events = first(v2.eventStream({}, { headers, signal: ending.signal }));
    // An environment may be created later, and each evaluation reports that it does not exist.
    if (code === 'invalid_argument') await expect(events).rejects.toThrow(refused);
    else expect(await events).toMatchObject({ type: 'provider_ready' });
    ending.abort();
  });

  test('of the header beats that of the request', async () => {
    const headers = { 'flagd-selector': 'environment=default' };
    await sync.fetchAllFlags({ selector: 'moon' }, { headers });
    await expect(
      sync.fetchAllFlags({ selector: 'default' }, { headers: { 'flagd-selector': 'moon' } }),
    ).rejects.toThrow('moon');
  });

  test('stays within the environment that the metadata names', async () => {
    const within = (selector: string) => ({
      headers: { 'graylane-environment': 'default', ...(selector ? { 'flagd-selector': selector } : {}) },
    });
    for (const selector of ['', 'flagSetId=shop', 'default']) await sync.fetchAllFlags({}, within(selector));
    await expect(sync.fetchAllFlags({}, within('moon'))).rejects.toThrow('[failed_precondition]');
    const nowhere = { headers: { 'graylane-environment': 'moon' } };
    await expect(sync.fetchAllFlags({}, nowhere)).rejects.toThrow(
      '[failed_precondition] there is no environment "moon": use one of "default"',
    );
  });
});

test('sync sends the document at once and after each change, with the context that clients are to add', async () => {
  const stream = sync.syncFlags({})[Symbol.asyncIterator]();
  const { value: start } = (await stream.next()) as {
    value: { flagConfiguration: string; syncContext: object };
  };
  expect(JSON.parse(start.flagConfiguration)).toEqual(document);
  expect(start.syncContext).toEqual((await sync.getMetadata({})).metadata);
  served.edit(JSON.stringify({ flags: { fees } }));
  const { value: next } = (await stream.next()) as { value: { flagConfiguration: string } };
  expect(JSON.parse(next.flagConfiguration)).toEqual({ flags: { fees } });
  await served.close();
  await expect(stream.next()).rejects.toThrow('[unavailable]');
});

test('a client may ping without a call, as often as it likes', async () => {
  const session = connect(`http://127.0.0.1:${served.grpcPort}`);
  try {
    await once(session, 'connect');
    for (let count = 0; count < 50; count += 1) {
      await new Promise<void>((resolve, reject) => {
        session.ping((error) => (error ? reject(error) : resolve()));
      });
    }
    expect(session.closed).toBe(false);
  } finally {
    session.destroy();
  }
});

async function first<T>(stream: AsyncIterable<T>): Promise<T> {
  for await (const item of stream) return item;
  throw new Error('the stream ended without an item');
}
