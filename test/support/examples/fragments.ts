/**
 * The declarations that the fragments of a page rely on: one entry for each fragment, in their
 * order. They come from the packages that the page is about, so that a renamed export or option
 * is an error of the page.
 */
export const preludes: Readonly<Record<string, readonly string[]>> = {
  'docs/adapters/grpc.md': [
    `import { baggageClientInterceptor, baggageServerInterceptor } from '@graylane/baggage/grpc';
     import { Client, Server, type ChannelCredentials } from '@grpc/grpc-js';
     class PaymentsClient extends Client {}
     declare const target: string;
     declare const credentials: ChannelCredentials;`,
  ],
  'docs/adapters/http.md': [
    `import express from 'express';
     const app = express();`,
    `import { baggageMiddleware } from '@graylane/baggage/express';
     import express, { type Request } from 'express';
     const app = express();
     declare const userOf: (request: Request) => string;`,
    `import { NestFactory } from '@nestjs/core';
     class AppModule {}`,
    `import { baggageFetch } from '@graylane/baggage/fetch';`,
    `import { baggageFetch } from '@graylane/baggage/fetch';
     import { baggageRequest } from '@graylane/baggage/http';
     import axios from 'axios';
     import got from 'got';
     import ky from 'ky';
     import superagent from 'superagent';`,
    `import { baggageInterceptor } from '@graylane/baggage/undici';
     import { Agent } from 'undici';
     const egress = { to: { 'http://orders:8080': ['lane'] } };`,
    `import { baggageRequest } from '@graylane/baggage/http';
     const egress = { to: { 'http://orders:8080': ['lane'] } };`,
  ],
  'docs/adapters/kafka.md': [
    `import { forEachMessage, withBaggageConsumer, withBaggageProducer } from '@graylane/baggage/kafka';
     import type { Kafka, KafkaMessage } from 'kafkajs';
     declare const kafka: Kafka;
     declare const groupId: string;
     declare const handle: (message: KafkaMessage) => Promise<void>;`,
    `import { baggageHeaders, runInMessage } from '@graylane/baggage/kafka';
     interface Message { topic: string; value: string; headers: ReadonlyMap<string, string> }
     declare const producer: { send(sent: { messages: Message[] }): Promise<void> };
     declare const stream: AsyncIterable<Message>;
     declare const handle: (message: Message) => Promise<void>;
     declare const headers: Map<string, string>;
     const [topic, value] = ['payments', '{}'];
     const egress = { to: { 'kafka:payments': ['lane'] } };
     const ingress = { mode: 'accept', keys: ['lane'] } as const;`,
  ],
  'docs/adapters/serverless.md': [''],
  'docs/baggage.md': [`declare const job: () => Promise<void>;`],
  'docs/compare/unleash.md': [''],
  'docs/evaluation-context.md': [`import { GraylaneProvider } from '@graylane/provider';`],
  'docs/evaluation.md': [
    `import { createWorkBudget, evaluate, type FlagSet } from '@graylane/flags';
     declare const flags: FlagSet;
     declare const context: Record<string, string>;`,
  ],
  'docs/observe.md': [
    `declare const charge: (order: string) => Promise<void>;
     declare const find: (words: string) => Promise<void>;
     declare const order: string;
     declare const words: string;`,
  ],
  'docs/pins.md': [
    `import { baggageMiddleware, type BaggageMiddlewareOptions } from '@graylane/baggage/express';
     import express from 'express';
     const app = express();
     declare const ingress: NonNullable<BaggageMiddlewareOptions['ingress']>;
     declare const dye: NonNullable<BaggageMiddlewareOptions['dye']>;`,
  ],
  'docs/troubleshooting.md': [''],
  'docs/trust-boundary.md': [
    `import { baggageMiddleware } from '@graylane/baggage/express';
     import { getSyncClient } from '@graylane/provider';
     const client = getSyncClient();
     const evaluationContext = () => ({ targetingKey: 'ada' });`,
  ],
  'packages/telemetry/README.md': [
    `import { instrumentLanes } from '@graylane/telemetry';
     import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from '@opentelemetry/sdk-logs';
     import { MeterProvider, type MetricReader } from '@opentelemetry/sdk-metrics';
     import { BatchSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace';
     declare const exporter: SpanExporter;
     declare const logExporter: LogRecordExporter;
     declare const readers: MetricReader[];`,
  ],
};

/** Next.js is not installed; these are the parts that its page uses. */
export const ambient = `declare module 'next' {
  interface Server {
    prepare(): Promise<void>;
    getRequestHandler(): import('node:http').RequestListener;
  }
  export default function next(options: { dev: boolean }): Server;
}
`;

/** A module that has the declarations in scope of the fragment. */
export function fragmentModule(prelude: string, code: string): string {
  const imports = /^\s*import [^;]*;[^\n]*$/gm;
  const [own, others] = [code.match(imports) ?? [], code.replaceAll(imports, '')];
  return [
    ...own,
    prelude,
    // Top-level names of a fragment may shadow those of its prelude.
    `export async function example(): Promise<void> {\n${others}}`,
    '',
  ].join('\n');
}
