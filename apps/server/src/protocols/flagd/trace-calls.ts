import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import {
  context,
  propagation,
  ProxyTracerProvider,
  SpanKind,
  SpanStatusCode,
  trace,
  type TextMapGetter,
} from '@opentelemetry/api';

const headers: TextMapGetter<Headers> = {
  get: (carrier, key) => carrier.get(key) ?? undefined,
  keys: (carrier) => [...carrier.keys()],
};

/**
 * The server span of each call, if an OpenTelemetry SDK was started: its instrumentation of HTTP
 * does not cover HTTP/2. A stream has a span of its beginning.
 */
export function traceCalls(): Interceptor[] {
  const provider = trace.getTracerProvider();
  const isStarted =
    provider instanceof ProxyTracerProvider && provider.getDelegateTracer(scope) !== undefined;
  if (!isStarted) return [];
  const tracer = provider.getTracer(scope);
  return [
    (next) => async (request) => {
      const name = `${request.service.typeName}/${request.method.name}`;
      const span = tracer.startSpan(
        name,
        { kind: SpanKind.SERVER, attributes: { 'rpc.system.name': 'grpc', 'rpc.method': name } },
        propagation.extract(context.active(), request.header, headers),
      );
      try {
        return await context.with(trace.setSpan(context.active(), span), async () => next(request));
      } catch (error) {
        const { code, rawMessage } = ConnectError.from(error);
        span.setAttribute('rpc.response.status_code', Code[code]);
        span.setStatus({ code: SpanStatusCode.ERROR, message: rawMessage });
        throw error;
      } finally {
        span.end();
      }
    },
  ];
}

const scope = '@graylane/server';
