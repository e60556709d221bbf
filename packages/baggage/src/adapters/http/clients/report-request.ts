import type { Context } from '@opentelemetry/api';
import { reportCall, type CallAttributes, type CallReport } from '../../../call-listener.ts';
import { overrideMethods } from '../../override-methods.ts';

/** A request, as far as its duration shows it. */
export interface ReportedRequest {
  readonly method?: string | null | undefined;
  readonly origin?: string | URL | null | undefined;
}

/** Starts the report of an HTTP request, if there is a listener and no adapter around this one. */
export function reportRequest(otelContext: Context, request: ReportedRequest): CallReport | undefined {
  const report = reportCall('http.client.request', otelContext, originOf(request));
  report?.start(attributesOf(request));
  return report;
}

/** The attributes of a response. From 400 on, the status is the error of a client. */
export function statusAttributes(status: number): CallAttributes {
  return {
    'http.response.status_code': status,
    ...(status >= 400 && { 'error.type': String(status) }),
  };
}

type Method = (...args: unknown[]) => unknown;

/**
 * A handler of undici, of either of its two shapes, that ends the report when the response has been
 * received as a whole, or has failed. It has the methods that the handler has, since undici
 * distinguishes the shapes by them.
 */
export function reportingHandler<Handler>(handler: Handler, report: CallReport): Handler {
  let status = 0;
  const atEnd = (): void => report.end(statusAttributes(status));
  const observers: Readonly<Record<string, (...args: unknown[]) => void>> = {
    onHeaders: (code) => (status = Number(code)),
    onResponseStart: (_controller, code) => (status = Number(code)),
    onUpgrade: (code) => report.end(statusAttributes(Number(code))),
    onRequestUpgrade: (_controller, code) => report.end(statusAttributes(Number(code))),
    onComplete: atEnd,
    onResponseEnd: atEnd,
    onError: (error) => report.fail(error),
    onResponseError: (_controller, error) => report.fail(error),
  };
  const target = handler as Record<string, Method | undefined>;
  const methods: Record<string, Method> = {};
  for (const [name, observe] of Object.entries(observers)) {
    if (typeof target[name] !== 'function') continue;
    methods[name] = (...args) => {
      observe(...args);
      return target[name]?.(...args);
    };
  }
  return overrideMethods(target, methods) as Handler;
}

const methods: ReadonlySet<string> = new Set(
  'CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT QUERY TRACE'.split(' '),
);

function attributesOf(request: ReportedRequest): CallAttributes {
  const method = (request.method ?? 'GET').toUpperCase();
  const origin = originOf(request);
  return {
    // The conventions bound the methods: a caller may invent one for each request.
    'http.request.method': methods.has(method) ? method : '_OTHER',
    ...(origin !== undefined && serverAttributes(new URL(origin))),
  };
}

function serverAttributes({ hostname, port, protocol }: URL): CallAttributes {
  return {
    'server.address': hostname.replace(/^\[|\]$/g, ''),
    'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
  };
}

function originOf({ origin }: ReportedRequest): string | undefined {
  if (typeof origin === 'object') return origin?.origin;
  return origin !== undefined && URL.canParse(origin) ? new URL(origin).origin : undefined;
}
