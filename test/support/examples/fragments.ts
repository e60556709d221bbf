/** A fragment's surroundings: it runs between these two. */
interface Surroundings {
  /**
   * Declares what the fragment uses. It imports from the packages that the page is about, so that a
   * renamed export or option is an error of the page.
   */
  readonly before: string;
  /** Checks the effect of the fragment. Default: running without an error is enough. */
  readonly after?: string;
  /** The suite that runs the fragment, where that takes more than a process. Default: examples. */
  readonly suite?: string;
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
/** The test replaces the host by that of a server that returns the baggage of its requests. */
const orders = 'http://orders:8080/';

/** One entry for each fragment of a page, in their order. */
export const surroundings: Readonly<Record<string, readonly Surroundings[]>> = {
  'docs/adapters/grpc.md': [
    {
      before: `import { baggageClientInterceptor, baggageServerInterceptor } from '@graylane/baggage/grpc';
        import { Client, credentials as all, Server } from '@grpc/grpc-js';
        class PaymentsClient extends Client {}
        const [target, credentials] = ['127.0.0.1:1', all.createInsecure()];`,
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
      before: `import 'reflect-metadata';
        import { Module } from '@nestjs/common';
        import { NestFactory } from '@nestjs/core';
        class AppModule {}
        Module({})(AppModule);`,
      after: `await app.close();`,
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
      before: `import { baggageRequest } from '@graylane/baggage/http';
        const egress = { to: { 'http://orders:8080': ['lane'] } };`,
    },
  ],
  'docs/adapters/kafka.md': [
    {
      before: `import { forEachMessage, withBaggageConsumer, withBaggageProducer } from '@graylane/baggage/kafka';
        import type { Kafka, KafkaMessage } from 'kafkajs';
        declare const kafka: Kafka;
        declare const groupId: string;
        declare const handle: (message: KafkaMessage) => Promise<void>;`,
      suite: 'test/journey/kafka.test.ts',
    },
    {
      before: `${gray} ${assert}
        import { baggageHeaders, runInMessage } from '@graylane/baggage/kafka';
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
  'docs/evaluation-context.md': [{ before: `import { GraylaneProvider } from '@graylane/provider';` }],
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
        const [order, words] = ['1', 'shoes'];`,
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
  'docs/troubleshooting.md': [{ before: '' }],
  'docs/trust-boundary.md': [
    {
      before: `import { baggageMiddleware } from '@graylane/baggage/express';
        import { getSyncClient } from '@graylane/provider';
        process.env['LANE_SECRET'] = 'x'.repeat(43);
        const client = getSyncClient();
        const evaluationContext = () => ({ targetingKey: 'ada' });`,
    },
  ],
  'packages/telemetry/README.md': [
    {
      before: `import { instrumentLanes } from '@graylane/telemetry';
        import { BatchLogRecordProcessor, InMemoryLogRecordExporter, LoggerProvider } from '@opentelemetry/sdk-logs';
        import { MeterProvider, type MetricReader } from '@opentelemetry/sdk-metrics';
        import { BatchSpanProcessor, InMemorySpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
        const exporter = new InMemorySpanExporter();
        const logExporter = new InMemoryLogRecordExporter();
        const readers: MetricReader[] = [];`,
    },
  ],
};

/** A module that runs the fragment between its surroundings. */
export function fragmentModule({ before, after = '' }: Surroundings, code: string): string {
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
