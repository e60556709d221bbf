import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isPublicAddress } from '../src/webhooks/public-lookup.ts';
import { readWebhooks } from '../src/webhooks/webhook.ts';
import { admin } from './support/admin.ts';
import { dyeRule, request as rollout } from './rollouts/rollout-requests.ts';
import { fees, serveFolder, type Served } from './support/serve.ts';

const secret = `whsec_${Buffer.alloc(32, 'k').toString('base64')}`;
const change = {
  body: { defaultVariant: 'on' },
  headers: { 'if-match': '*', 'graylane-reason': 'pay <day>' },
};
let folder: string;
let file: string;
let receiver: Receiver;
let served: Served | undefined;

beforeEach(async () => {
  folder = mkdtempSync(`${tmpdir()}/graylane-webhooks-`);
  file = `${folder}/webhooks.json`;
  receiver = await Receiver.open();
});
afterEach(async () => {
  await served?.close();
  served = undefined;
  await receiver.close();
  rmSync(folder, { recursive: true });
});

describe('a webhook', () => {
  test('is notified of a revision, signed by the Standard Webhooks specification', async () => {
    await serveWith({ url: receiver.url, secret, private: true });
    const { headers } = await patch();
    await expect.poll(() => receiver.messages.length).toBe(1);
    const [message] = receiver.messages;
    const verified = new StandardWebhook(secret).verify(
      message?.body ?? '',
      message?.headers as Record<string, string>,
    );
    expect(verified).toMatchObject({
      type: 'revision',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      data: {
        environment: 'default',
        revision: headers.get('graylane-revision'),
        author: 'anonymous',
        reason: 'pay <day>',
        diff: [{ path: '$.flags.fees.defaultVariant', before: 'off', after: 'on' }],
      },
    });
  });

  test('of Slack gets one line a change, in which nothing is a command', async () => {
    await serveWith({ url: receiver.url, format: 'slack', private: true });
    await patch();
    await expect
      .poll(() => receiver.bodies())
      .toEqual([
        {
          text: '*default* changed by anonymous: pay &lt;day&gt;\n• `$.flags.fees.defaultVariant`: "off" → "on"',
        },
      ]);
  });

  test('that fails gets the same message again', async () => {
    receiver.statuses = [503, 429];
    await serveWith({ url: receiver.url, secret, private: true });
    await patch();
    await expect.poll(() => receiver.messages.length).toBe(3);
    expect(
      new Set(receiver.messages.map(({ headers, body }) => `${String(headers['webhook-id'])} ${body}`)).size,
    ).toBe(1);
  });

  test.each([400, 302])(
    'that responds with %i does not get the message again, and the log has the reason',
    async (status) => {
      receiver.statuses = [status];
      await serveWith({ url: receiver.url, private: true });
      await patch();
      await expect
        .poll(() => served?.logged.join('\n'))
        .toContain(`was not delivered: it responds with ${status}`);
      await patch({ defaultVariant: 'off' });
      await expect.poll(() => receiver.messages.length).toBe(2);
    },
  );

  test('gets only the events and environments that it names', async () => {
    await serveWith(
      { url: `${receiver.url}/staging`, environments: ['staging'], private: true },
      { url: `${receiver.url}/faults`, events: ['fault'], private: true },
    );
    await patch();
    served?.edit('{');
    await expect.poll(() => receiver.messages.map(({ path }) => path)).toEqual(['/faults']);
    expect(receiver.bodies()).toMatchObject([
      { type: 'fault', data: { environment: 'default', degraded: true } },
    ]);
    served?.edit(JSON.stringify({ flags: { fees } }));
    await expect.poll(() => receiver.bodies()).toMatchObject([{}, { data: { degraded: false } }]);
  });

  test('is notified of each act of a rollout, with the path of its report', async () => {
    writeFileSync(
      file,
      JSON.stringify({ webhooks: [{ url: receiver.url, events: ['rollout'], private: true }] }),
    );
    served = await serveFolder({ flags: { lane: dyeRule } }, { webhooks: file });
    const send = admin(served.url);
    const { body } = await send('POST', 'rollouts', { body: rollout });
    const id = String(body['id']);
    await expect.poll(() => receiver.messages.length).toBeGreaterThan(0);
    await send('POST', `rollouts/${id}/rollback`, { headers: { 'graylane-reason': 'too slow' } });
    await expect
      .poll(() => receiver.bodies().at(-1))
      .toMatchObject({
        type: 'rollout',
        data: {
          environment: 'default',
          id,
          flag: 'lane',
          lane: 'gray',
          kind: 'rollback',
          state: 'rolled_back',
          weight: 0,
          author: 'anonymous',
          because: 'too slow',
          report: `/api/v1/environments/default/rollouts/${id}/report`,
        },
      });
  });

  test('gets refusals in one message, at the latest when the server stops', async () => {
    await serveWith({ url: receiver.url, events: ['refusals'], private: true });
    for (let count = 0; count < 3; count += 1) {
      await admin(served?.url ?? '')('PATCH', 'flags/fees', { ...change, headers: {} });
    }
    await served?.close();
    served = undefined;
    expect(receiver.bodies()).toMatchObject([
      {
        type: 'refusals',
        data: { refusals: [{ protocol: 'admin', reason: 'precondition_required', count: 3 }] },
      },
    ]);
  });

  test('never reaches a private address, by name or number, unless the file allows it', async () => {
    const { port } = new URL(receiver.url);
    await serveWith({ url: `https://127.0.0.1:${port}` }, { url: `https://localhost:${port}` });
    await patch();
    await expect
      .poll(() => served?.logged.join('\n'))
      .toContain('127.0.0.1 is not a public address: set "private": true');
    await served?.close();
    expect(receiver.connections).toBe(0);
    expect(served?.logged.join('\n')).toContain('1 messages were not delivered');
    served = undefined;
  });

  test('is another one as soon as the file has changed; a faulty file is not taken over', async () => {
    await serveWith({ url: `${receiver.url}/a`, private: true });
    writeFileSync(file, JSON.stringify({ webhooks: [{ url: `${receiver.url}/b`, private: true }] }));
    await expect.poll(() => served?.logged.join('\n')).toContain('the webhooks have changed');
    writeFileSync(file, '{"webhooks":[{"url":7}]}');
    await expect.poll(() => served?.logged.join('\n')).toContain('the last good webhooks stay in use');
    await patch();
    await expect.poll(() => receiver.messages.map(({ path }) => path)).toEqual(['/b']);
  });

  test('is an error at the start if its file is faulty', async () => {
    await expect(serveWith({ url: 'http://example.com' })).rejects.toThrow(
      '$.webhooks[0].url: this is "http://example.com": use an https: address without a user; http: needs "private": true',
    );
  });
});

test.each([
  [{}, '$.webhooks'],
  [{ webhooks: [{ url: 'https://example.com', secret: 'short' }] }, '$.webhooks[0].secret'],
  [{ webhooks: [{ url: 'https://example.com', secret: 'whsec_c2hvcnQ=' }] }, '$.webhooks[0].secret'],
  [{ webhooks: [{ url: 'https://example.com', events: ['revisions'] }] }, '$.webhooks[0].events'],
  [{ webhooks: [{ url: 'https://example.com', environments: [] }] }, '$.webhooks[0].environments'],
  [{ webhooks: [{ url: 'https://example.com', format: 'xml' }] }, '$.webhooks[0].format'],
  [{ webhooks: [{ url: 'https://example.com', private: 'no' }] }, '$.webhooks[0].private'],
  [{ webhooks: [{ url: 'https://example.com', uri: '' }] }, '$.webhooks[0].uri'],
])('a file with %j is refused', (value, path) => {
  expect(readWebhooks(value)).toMatchObject({ problems: [{ path }] });
});

test('the refusal of an address with a password does not show it', () => {
  expect(readWebhooks({ webhooks: [{ url: 'https://user:password@example.com' }] })).toMatchObject({
    problems: [{ path: '$.webhooks[0].url', message: 'this is "https://***@example.com"' }],
  });
});

test.each([
  ['93.184.216.34', true],
  ['2606:2800:220:1:248:1893:25c8:1946', true],
  ...[
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '192.168.1.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
  ].map((address) => [address, false] as const),
  ...['::1', '[::1]', '::', 'fc00::1', 'fe80::1', 'ff02::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1', 'x'].map(
    (address) => [address, false] as const,
  ),
] as const)('%s is a public address: %s', (address, isPublic) => {
  expect(isPublicAddress(address)).toBe(isPublic);
});

async function serveWith(...webhooks: readonly object[]): Promise<void> {
  writeFileSync(file, JSON.stringify({ webhooks }));
  served = await serveFolder({ flags: { fees } }, { webhooks: file });
}

async function patch(body: object = change.body): ReturnType<ReturnType<typeof admin>> {
  return admin(served?.url ?? '')('PATCH', 'flags/fees', { ...change, body });
}

/** An HTTP server that keeps the messages it gets. */
class Receiver {
  readonly url: string;
  readonly messages: {
    readonly path: string;
    readonly headers: IncomingHttpHeaders;
    readonly body: string;
  }[] = [];
  /** The statuses of the next responses; then 204. */
  statuses: number[] = [];
  connections = 0;
  readonly #server: Server;

  static async open(): Promise<Receiver> {
    const server = createHttpServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new Receiver(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', () => (this.connections += 1));
    server.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        this.messages.push({ path: request.url ?? '', headers: request.headers, body });
        response.writeHead(this.statuses.shift() ?? 204).end();
      });
    });
  }

  bodies(): unknown[] {
    return this.messages.map(({ body }): unknown => JSON.parse(body));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
