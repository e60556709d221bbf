/** A fragment's surroundings: it runs between these two. */
interface Surroundings {
  /**
   * Declares what the fragment uses. It imports from the packages that the page is about, so that a
   * renamed export or option is an error of the page.
   */
  readonly before: string;
  /** Checks the effect of the fragment. */
  readonly after: string;
}

/** A fragment that takes more than a process. */
interface FragmentOfSuite extends Pick<Surroundings, 'before'> {
  /** The suite that runs it. */
  readonly suite: string;
}

const gray = `import { getActiveLane, runInLane } from '@graylane/baggage';`;
const assert = `import assert from 'node:assert/strict';`;
const express = `${assert}
  import { once } from 'node:events';
  import type { AddressInfo } from 'node:net';
  import express, { type Request } from 'express';
  const app = express();
  async function laneOf(headers: Record<string, string>): Promise<string> {
    app.get('/lane', (_request, response) => void response.send(getActiveLane()));
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = \`http://127.0.0.1:\${(server.address() as AddressInfo).port}/lane\`;
    try {
      return await (await fetch(url, { headers })).text();
    } finally {
      server.close();
    }
  }`;
/** The tests replace the host by that of a server that returns the baggage of its requests. */
const orders = 'http://orders:8080/';

/** The flags of the flag server at `localhost:8080`. */
export const served: object = {
  flags: {
    mapped: {
      state: 'ENABLED',
      variants: { on: true, off: false },
      defaultVariant: 'off',
      targeting: {
        if: [
          {
            and: [
              { '==': [{ var: 'lane' }, 'gray'] },
              { '==': [{ var: 'targetingKey' }, 'ada'] },
              { '===': [{ var: 'age' }, 41] },
              { '==': [{ var: 'tenant' }, 'acme'] },
              { '!': [{ var: 'region' }] },
            ],
          },
          'on',
        ],
      },
    },
  },
};

/** One entry for each fragment of a page, in their order. */
export const surroundings: Readonly<Record<string, ReadonlyArray<Surroundings | FragmentOfSuite>>> = {
  'docs/adapters/grpc.md': [
    {
      before: `${gray} ${assert}
        import * as grpc from '@grpc/grpc-js';
        import { Server } from '@grpc/grpc-js';
        const bytes = (text: string) => Buffer.from(text);
        const charge = {
          path: '/shop.Payments/Charge',
          requestStream: false,
          responseStream: false,
          requestSerialize: bytes,
          requestDeserialize: String,
          responseSerialize: bytes,
          responseDeserialize: String,
        } as const;
        class PaymentsClient extends grpc.Client {
          charge(reply: (error: Error | null, lane?: string) => void) {
            this.makeUnaryRequest(charge.path, bytes, String, 'order', reply);
          }
        }
        const credentials = grpc.credentials.createInsecure();
        const insecure = grpc.ServerCredentials.createInsecure();`,
      after: `server.addService({ charge }, {
          charge: (_call: unknown, reply: grpc.sendUnaryData<string>) => reply(null, getActiveLane()),
        });
        await new Promise((resolve) => server.bindAsync('payments:50051', insecure, resolve));
        const lane = await new Promise((resolve) =>
          runInLane('gray', () => payments.charge((error, seen) => resolve(error ?? seen))),
        );
        assert.equal(lane, 'gray');
        payments.close();
        server.forceShutdown();`,
    },
  ],
  'docs/adapters/http.md': [
    {
      before: `${gray} ${express}`,
      after: `assert.equal(await laneOf({ baggage: 'lane=gray' }), 'gray');`,
    },
    {
      before: `${gray} ${express}
        import { baggageMiddleware } from '@graylane/baggage/express';
        import { GraylaneProvider } from '@graylane/provider';
        import { OpenFeature } from '@openfeature/server-sdk';
        const lane = {
          state: 'ENABLED',
          variants: { gray: 'gray', baseline: 'baseline' },
          defaultVariant: 'baseline',
          targeting: { if: [{ '==': [{ var: 'tenant' }, 'internal'] }, 'gray'] },
        };
        await OpenFeature.setProviderAndWait(new GraylaneProvider({ source: { flags: { flags: { lane } } } }));
        const userOf = (request: Request) => request.get('x-user-id') ?? '';`,
      after: `assert.equal(await laneOf({ 'x-tenant-id': 'internal' }), 'gray');`,
    },
    {
      before: `${gray} ${assert}
        import 'reflect-metadata';
        import { Controller, Get, Module } from '@nestjs/common';
        import { NestFactory } from '@nestjs/core';
        class Lane { read() { return getActiveLane(); } }
        Controller('lane')(Lane);
        Get()(Lane.prototype, 'read', Object.getOwnPropertyDescriptor(Lane.prototype, 'read') ?? {});
        class AppModule {}
        Module({ controllers: [Lane] })(AppModule);`,
      after: `const response = await fetch(await app.getUrl() + '/lane', { headers: { baggage: 'lane=gray' } });
        assert.equal(await response.text(), 'gray');
        await app.close();`,
    },
    {
      before: `${gray} ${assert} import { baggageFetch } from '@graylane/baggage/fetch';`,
      after: `const seen = await runInLane('gray', async () => (await fetch('${orders}')).text());
        assert.equal(seen, 'lane=gray');`,
    },
    {
      before: `${gray} ${assert}
        import { baggageFetch } from '@graylane/baggage/fetch';
        import { baggageRequest } from '@graylane/baggage/http';
        import axios from 'axios';
        import got from 'got';
        import ky from 'ky';
        import superagent from 'superagent';`,
      after: `const seen = await runInLane('gray', async () => [
          (await api.get<string>('${orders}')).data,
          await http.get('${orders}').text(),
          await client.get('${orders}').text(),
          (await superagent.get('${orders}')).text,
        ]);
        assert.deepEqual(seen, Array(4).fill('lane=gray'));`,
    },
    {
      before: `${gray} ${assert}
        import { baggageInterceptor } from '@graylane/baggage/undici';
        import { Agent } from 'undici';
        const egress = { to: { 'http://orders:8080': ['lane'] } };`,
      after: `const call = { origin: 'http://orders:8080', path: '/', method: 'GET' } as const;
        const response = await runInLane('gray', () => agent.request(call));
        assert.equal(await response.body.text(), 'lane=gray');`,
    },
    {
      before: `${gray} ${assert}
        import { once } from 'node:events';
        import { text } from 'node:stream/consumers';
        import { baggageRequest } from '@graylane/baggage/http';
        const egress = { to: { 'http://orders:8080': ['lane'] } };`,
      after: `const [response] = await once(runInLane('gray', () => request.get('${orders}')), 'response');
        assert.equal(await text(response), 'lane=gray');`,
    },
  ],
  'docs/adapters/kafka.md': [
    {
      before: `import type { Kafka, KafkaMessage } from 'kafkajs';
        declare const kafka: Kafka;
        declare const groupId: string;
        declare const handle: (message: KafkaMessage) => Promise<void>;`,
      suite: 'test/journey/kafka.test.ts',
    },
    {
      before: `${gray} ${assert}
        interface Message { topic: string; value: string; headers: ReadonlyMap<string, string> }
        const topics: Message[] = [];
        const producer = { send: async (sent: { messages: Message[] }) => void topics.push(...sent.messages) };
        const stream = topics;
        const lanes: string[] = [];
        const handle = async (_message: Message) => void lanes.push(getActiveLane());
        const headers = new Map([['baggage', 'lane=gray']]);
        const [topic, value] = ['payments', '{}'];
        const egress = { to: { 'kafka:payments': ['lane'] } };
        const ingress = { mode: 'accept', keys: ['lane'] } as const;
        await producer.send({ messages: [{ topic, value, headers }] });`,
      after: `assert.deepEqual(lanes, ['gray', 'baseline']);`,
    },
  ],
  'docs/baggage.md': [
    {
      before: `${assert} const lanes: string[] = [];
        const job = async () => void lanes.push(getActiveLane());`,
      after: `assert.deepEqual([getActiveLane(), lanes], ['baseline', ['gray']]);`,
    },
  ],
  'docs/compare/unleash.md': [
    {
      before: `${assert}
        import { GraylaneProvider } from '@graylane/provider';
        import { OpenFeature } from '@openfeature/server-sdk';
        const on = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' };
        const source = { flags: { flags: { 'new-fees': on } } };
        await OpenFeature.setProviderAndWait(new GraylaneProvider({ source }));`,
      after: `assert.equal(flags.getBooleanValueSync('new-fees', false), true);`,
    },
  ],
  'docs/evaluation-context.md': [
    {
      before: `${gray} ${assert}
        import { getSyncClient, GraylaneProvider } from '@graylane/provider';
        import { OpenFeature } from '@openfeature/server-sdk';`,
      after: `await OpenFeature.setProviderAndWait('mapped', provider);
        const members = { 'user-id': 'ada', age: '41', tenant: 'acme', region: 'eu' };
        const read = () => getSyncClient('mapped').getBooleanValueSync('mapped', false, { lane: 'blue' });
        assert.deepEqual([runInLane('gray', read, { members }), read()], [true, false]);`,
    },
  ],
  'docs/evaluation.md': [
    {
      before: `${assert}
        import { compileFlags, createWorkBudget, evaluate } from '@graylane/flags';
        const on = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' };
        const flags = compileFlags({ flags: { on } });
        const context: Record<string, string> = {};`,
      after: `assert.equal(evaluate(flags, 'on', context, { budget }).value, true);`,
    },
  ],
  'docs/observe.md': [
    {
      before: `const charge = async (_order: string) => undefined;
        const find = async (_words: string) => undefined;
        const [order, words] = ['1', 'shoes'];
        ${assert}
        import { managementServer } from '@graylane/telemetry/management';`,
      after: `const management = managementServer({ port: 0 });
        const lines = await (await fetch(await management.listening + '/metrics')).text();
        for (const indicator of ['events_total{sli="payment"', 'duration_seconds_count{sli="search"', 'events_total{sli="prices"'])
          assert.match(lines, new RegExp('^sli_' + indicator + ',.*lane="baseline".* 1$', 'm'));
        await management.close();`,
    },
  ],
  'docs/pins.md': [
    {
      before: `${gray} ${express}
        import { baggageMiddleware } from '@graylane/baggage/express';
        import { getSyncClient, GraylaneProvider } from '@graylane/provider';
        import { OpenFeature } from '@openfeature/server-sdk';
        const fees = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', metadata: { pin: true } };
        const source = { flags: { flags: { 'new-fees': fees } } };
        await OpenFeature.setProviderAndWait(new GraylaneProvider({ source }));
        const client = getSyncClient();
        const ingress = { mode: 'accept', keys: ['lane'] } as const;
        const dye = { client, evaluationContext: () => ({}) };`,
      after: `app.get('/lane', (_request, response) => {
          response.send(client.getBooleanDetailsSync('new-fees', true).reason);
        });
        assert.equal(await laneOf({ baggage: 'lane=gray' }), 'CACHED');`,
    },
  ],
  'docs/troubleshooting.md': [
    {
      before: `${assert}
        const [{ write }, lines] = [process.stderr, [] as unknown[]];
        process.stderr.write = (line: unknown) => lines.push(line) > 0;`,
      after: `diag.warn('the lane is lost');
        diag.disable();
        process.stderr.write = write;
        assert.deepEqual(lines, ['the lane is lost\\n']);`,
    },
  ],
  'docs/trust-boundary.md': [
    {
      before: `${gray} ${express}
        import { baggageMiddleware } from '@graylane/baggage/express';
        import { baggageFetch } from '@graylane/baggage/fetch';
        process.env['LANE_SECRET'] = 'x'.repeat(43);
        const client = { getStringValue: async () => 'gray' };
        const evaluationContext = () => ({ targetingKey: 'ada' });
        const [edge, orders] = [express(), app];`,
      after: `const send = baggageFetch({ egress: { to: { 'http://orders:8080': ['lane', 'user-id'] } } });
        edge.get('/sent', async (_request, response) => void response.send(await (await send('${orders}')).text()));
        const server = edge.listen(0, '127.0.0.1');
        await once(server, 'listening');
        const url = \`http://127.0.0.1:\${(server.address() as AddressInfo).port}/sent\`;
        const baggage = await (await fetch(url)).text();
        server.close();
        assert.match(baggage, /^lane=gray,lane-seal=.*,user-id=ada$/);
        assert.deepEqual([await laneOf({ baggage }), await laneOf({ baggage: 'lane=gray' })], ['gray', 'baseline']);`,
    },
  ],
  'packages/telemetry/README.md': [
    {
      before: `${gray} ${assert}
        import { instrumentLanes } from '@graylane/telemetry';
        import { BatchLogRecordProcessor, InMemoryLogRecordExporter, LoggerProvider } from '@opentelemetry/sdk-logs';
        import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
        import { BatchSpanProcessor, InMemorySpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
        const exporter = new InMemorySpanExporter();
        const logExporter = new InMemoryLogRecordExporter();
        const measured = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
        const readers = [new PeriodicExportingMetricReader({ exporter: measured })];`,
      after: `runInLane('gray', () => {
          tracers.getTracer('shop').startSpan('pay').end();
          loggers.getLogger('shop').emit({ body: 'paid' });
          meters.getMeter('shop').createHistogram('http.server.request.duration').record(0.1);
        }, { members: { 'user-id': 'ada' } });
        for (const one of [tracers, loggers, meters]) await one.forceFlush();
        const shown = { lane: 'gray', 'user-id': 'ada' };
        assert.deepEqual(exporter.getFinishedSpans()[0]?.attributes, shown);
        assert.deepEqual(logExporter.getFinishedLogRecords()[0]?.attributes, shown);
        const [duration] = measured.getMetrics()[0]?.scopeMetrics[0]?.metrics ?? [];
        assert.deepEqual(duration?.dataPoints[0]?.attributes, { lane: 'gray' });
        await meters.shutdown();`,
    },
  ],
};

/** A module that runs the fragment between its surroundings. */
export function fragmentModule({ before, after }: Surroundings, code: string): string {
  const imports = /^\s*import [^;]*;[^\n]*$/gm;
  const [own, others] = [code.match(imports) ?? [], code.replaceAll(imports, '')];
  return [
    ...own,
    before,
    // Top-level names of a fragment may shadow those before it.
    `export async function example(): Promise<void> {\n${others}${after}\n}`,
    '',
  ].join('\n');
}
