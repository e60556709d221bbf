import { baggageMiddleware } from '@graylane/baggage/express';
import { baggageListener } from '@graylane/baggage/http';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import express from 'express';
import type { RequestListener } from 'node:http';
import { bodyContract } from './body-contract.ts';
import { serve } from './http-listener.ts';

const options = { ingress: { mode: 'accept', keys: ['lane'] } } as const;

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

/**
 * Binds request and response as OpenTelemetry's instrumentation does, to an OTel context without a
 * request cell.
 */
function instrumented(listener: RequestListener): RequestListener {
  return (request, response) => {
    context.bind(context.active(), request);
    context.bind(context.active(), response);
    listener(request, response);
  };
}

bodyContract("express, under an SDK's context manager", (handler) =>
  serve(express().use(baggageMiddleware(options), handler)),
);
bodyContract("node:http, under an SDK's context manager", (handler) =>
  serve(baggageListener(options, handler)),
);
bodyContract('express, bound by instrumentation', (handler) =>
  serve(instrumented(express().use(baggageMiddleware(options), handler))),
);
bodyContract('node:http, bound by instrumentation', (handler) =>
  serve(instrumented(baggageListener(options, handler))),
);
