import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startCollector } from '../../../test/support/collector.ts';
import { ServerProcess } from '../../../test/support/server-process.ts';
import { textLine } from '../src/logging/text-line.ts';
import { Service } from '../src/protocols/flagd/gen/flagd/evaluation/v2/evaluation_pb.ts';
import { fees } from './support/serve.ts';
import { bearer, tokenIn } from './support/with-tokens.ts';

interface Line {
  readonly time: string;
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

let data: string;
let server: ServerProcess | undefined;

beforeEach(() => {
  data = mkdtempSync(`${tmpdir()}/graylane-logs-`);
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(data, { recursive: true });
});

/** The lines that the server has written; each is JSON. */
function lines(): Line[] {
  const whole = server?.output.slice(0, server.output.lastIndexOf('\n') + 1) ?? '';
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

async function put(key: string, flag: object, headers: Record<string, string>): Promise<Response> {
  return fetch(`${server?.url}/api/v1/environments/default/flags/${key}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(flag),
  });
}

const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

describe('the log of a server', () => {
  test('has one line of JSON for each event: who changed what, where, and in which trace', async () => {
    const file = `${data}/tokens.json`;
    const token = await tokenIn(file, { name: 'ops', scope: 'admin' });
    server = await ServerProcess.startOn(data);
    const headers = { ...bearer(token), 'if-none-match': '*', 'graylane-reason': 'payday' };
    expect((await put('fees', fees, headers)).status).toBe(201);
    const disabled = { ...fees, state: 'DISABLED', defaultVariant: 'on' };
    const response = await put('fees', disabled, { ...bearer(token), 'if-match': '*', traceparent });
    const revision = response.headers.get('graylane-revision');

    await expect.poll(() => lines().some((line) => line.trace_id === traceId)).toBe(true);
    expect(lines()[0]).toMatchObject({ level: 'info', service: 'graylane-server' });
    expect(lines().find(({ msg }) => msg.startsWith('serving '))).toMatchObject({ pid: server.pid });
    expect(lines().find(({ reason }) => reason === 'payday')).toMatchObject({
      msg: 'environment default: fees created',
      author: 'ops',
      environment: 'default',
      changes: [{ path: '$.flags.fees' }],
    });
    const line = lines().find((each) => each.trace_id === traceId);
    expect(line).toMatchObject({
      level: 'info',
      msg: 'environment default: fees changed',
      author: 'ops',
      environment: 'default',
      revision,
      changes: [
        { path: '$.flags.fees.state', before: 'ENABLED', after: 'DISABLED' },
        { path: '$.flags.fees.defaultVariant', before: 'off', after: 'on' },
      ],
    });
    expect(new Date(line?.time ?? '').toISOString()).toBe(line?.time);
    const history = await fetch(`${server.url}/api/v1/environments/default/history`, {
      headers: bearer(token),
    });
    const entries = await history.text();
    expect(entries).toContain('payday');
    expect(entries).not.toContain(traceId);
  });

  test('has lines for tokens, without the tokens, and for values without the values', async () => {
    const file = `${data}/tokens.json`;
    const token = await tokenIn(file, { name: 'ops', scope: 'admin' });
    server = await ServerProcess.startOn(data);
    const made = await fetch(`${server.url}/api/v1/tokens`, {
      method: 'POST',
      headers: { ...bearer(token), 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'reader', scope: 'evaluate' }),
    });
    const { id, token: reader } = (await made.json()) as { id: string; token: string };
    await fetch(`${server.url}/api/v1/tokens/${id}`, { method: 'DELETE', headers: bearer(token) });
    const secret = { ...fees, variants: { on: 'hunter2', off: 'hunter3' } };
    await put('fees', secret, { ...bearer(token), 'if-none-match': '*' });
    await expect.poll(() => lines().map(({ msg }) => msg)).toContain('environment default: fees created');
    expect(
      lines()
        .filter(({ msg }) => msg.startsWith('token '))
        .map(({ msg }) => msg),
    ).toEqual(['token reader: created', 'token reader: revoked']);
    for (const value of [token, reader, 'hunter2']) expect(server.output).not.toContain(value);
  });

  test('has the signal, and the end', async () => {
    server = await ServerProcess.startOn(data);
    await server.stop('SIGTERM');
    expect(
      lines()
        .slice(-2)
        .map(({ msg }) => msg),
    ).toEqual(['SIGTERM: shutting down', 'stopped']);
  });

  test('has why it does not start', async () => {
    server = await ServerProcess.startOn(data);
    const second = ServerProcess.startOn(data);
    await expect(second).rejects.toThrow(/"level":"error".*"msg":"[^"]*is held by process/);
  });

  test('has nothing of less severe events than it is to have', async () => {
    server = await ServerProcess.startOn(data);
    const second = ServerProcess.startOn(data, { options: ['--log-level', 'silent'] });
    await expect(second).rejects.toThrow(/^the server did not start:\n$/);
  });

  test('is text, if configured', async () => {
    server = await ServerProcess.startOn(data, { options: ['--log-format', 'text'] });
    expect(server.output).toMatch(/^\d\d:\d\d:\d\d\.\d{3} serving .*: http \d+, .* pid=\d+$/m);
    await put('fees', fees, { 'if-none-match': '*' });
    await expect
      .poll(() => server?.output)
      .toMatch(/ environment default: fees created environment=default revision=\S+ author=anonymous/);
  });
});

describe('a line of text', () => {
  const line = (msg: string, fields: object = {}): string =>
    textLine(
      JSON.stringify({ time: '2026-11-26T06:37:01.123Z', level: 'warn', msg, service: 's', ...fields }),
    );

  test('can not be forged by control characters', () => {
    expect(line('one\nwarn: two\u001b[31m\rthree', { author: 'a\nb', n: 1 })).toBe(
      '06:37:01.123 warn: one\n  warn: two\\u001b[31m\\rthree author="a\\nb" n=1\n',
    );
  });
});

describe('the traces of a server', () => {
  test('go to the collector that the standard variables name, and the log has their ids', async () => {
    const collector = await startCollector();
    try {
      const env = {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_BSP_SCHEDULE_DELAY: '100',
      };
      server = await ServerProcess.startOn(data, { env });
      await put('fees', fees, { 'if-none-match': '*', traceparent });
      const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${server.grpcPort}` });
      await createClient(Service, transport).resolveBoolean(
        { flagKey: 'fees' },
        { headers: { traceparent } },
      );
      const own = () =>
        collector.spans.filter((span) => span.traceId === traceId && span.service === 'graylane-server');
      const method = 'flagd.evaluation.v2.Service/ResolveBoolean';
      await expect.poll(() => own().map(({ name }) => name)).toEqual(expect.arrayContaining([method]));
      await expect
        .poll(() =>
          own().some(({ kind, attributes }) => kind === 2 && attributes['http.request.method'] === 'PUT'),
        )
        .toBe(true);
      await expect
        .poll(() => lines().find((line) => line.trace_id === traceId))
        .toMatchObject({
          msg: 'environment default: fees created',
        });
      // What is left is exported before the process ends.
      await createClient(Service, transport)
        .resolveString({ flagKey: 'fees' }, { headers: { traceparent } })
        .catch(() => {});
      await server.stop('SIGTERM');
      expect(own().map(({ name }) => name)).toContain('flagd.evaluation.v2.Service/ResolveString');
    } finally {
      await collector.close();
    }
  });
});
