import type { IncomingMessage, ServerResponse } from 'node:http';
import { baseline, getActiveCell, GraylaneBaggagePropagator, runInLane } from '@graylane/baggage';
import { context, isSpanContextValid, trace, type Context } from '@opentelemetry/api';
import { checkOptions } from '../check-options.ts';
import { MetricLabels, type MetricLabelOptions } from '../lanes/metric-labels.ts';
import { requestLog, type EndRequest } from '../requests/request-log.ts';
import { routeOf } from '../routes/request-route.ts';
import { laneOf, requestOf } from '../lanes/lane-of.ts';
import { durationBoundaries } from './duration-boundaries.ts';
import { processRegistry } from './process-registry.ts';
import type { HistogramSeries } from './series.ts';

/** Middleware for express, connect and `node:http`. */
export type LaneMetrics = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

const methods = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'QUERY',
]);
const mostRoutes = 500;
const propagator = new GraylaneBaggagePropagator();
const sampledTrace = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]?[13579bdf]$/;

/**
 * Requests, errors and latency by route and lane, without an OpenTelemetry SDK: the histogram
 * `http_server_request_duration_seconds` in the registry that the management port serves. Use it as
 * the first middleware. Traces of the callers, or of a tracer that runs beside it, become
 * exemplars.
 * @throws {TypeError} if an option does not exist or a lane can't have such a name.
 */
export function laneMetrics(options: MetricLabelOptions): LaneMetrics {
  checkOptions('laneMetrics', options, ['lanes', 'labels']);
  const labels = new MetricLabels(options);
  const durations = processRegistry().histogram(
    'http_server_request_duration_seconds',
    'Duration of HTTP server requests.',
    durationBoundaries,
  );
  const routes = new Set<string>();
  // Without an SDK, no context manager follows asynchronous code yet: register one.
  runInLane(baseline, () => {});
  const series = new Map<string, HistogramSeries>();

  const observe = (request: IncomingMessage, response: ServerResponse, otelContext: Context): void => {
    const startedAt = performance.now();
    const method = methods.has(request.method ?? '') ? (request.method ?? '') : '_OTHER';
    const end = logged(request, method, otelContext);
    response.once('close', () => {
      const { statusCode } = response;
      const own = labels.of(otelContext);
      const route = boundedRoute(routes, routeOf(request) ?? '');
      const key = `${method} ${route} ${statusCode} ${Object.values(own).join(' ')}`;
      let found = series.get(key);
      if (found === undefined) {
        found = durations({
          http_request_method: method,
          http_route: route,
          http_response_status_code: String(statusCode),
          ...own,
        });
        series.set(key, found);
      }
      found.observe((performance.now() - startedAt) / 1000, traceOf(request, otelContext));
      end(statusCode >= 500);
    });
  };
  return (request, response, next) => {
    if (getActiveCell()) {
      observe(request, response, context.active());
      next();
      return;
    }
    // The baggage middleware takes this cell over, so what it decides is seen at the end of the
    // request.
    const otelContext = withEmptyCell();
    observe(request, response, otelContext);
    context.with(otelContext, next);
  };
}

/**
 * The propagator makes a cell that no middleware has decided on yet; without a header, it is empty.
 */
function withEmptyCell(): Context {
  return propagator.extract(context.active(), undefined, { keys: () => [], get: () => undefined });
}

function boundedRoute(routes: Set<string>, route: string): string {
  if (routes.has(route)) return route;
  if (routes.size >= mostRoutes) return 'other';
  routes.add(route);
  return route;
}

/** A request whose span is recorded is reported by the span processor. */
function logged(request: IncomingMessage, method: string, otelContext: Context): EndRequest {
  if (trace.getSpan(otelContext)?.isRecording()) return () => {};
  const traceId = traceOf(request, otelContext)?.traceId;
  return requestLog().start({
    protocol: 'http',
    method,
    route: () => routeOf(request),
    lane: () => laneOf(requestOf(otelContext)),
    ...(traceId === undefined ? {} : { traceId }),
  });
}

function traceOf(
  { headers }: IncomingMessage,
  otelContext: Context,
): { readonly traceId: string; readonly spanId: string } | undefined {
  const active = trace.getSpanContext(otelContext);
  if (active && isSpanContextValid(active)) return active;
  const [, traceId, spanId] = sampledTrace.exec(String(headers['traceparent'] ?? '')) ?? [];
  return traceId !== undefined && spanId !== undefined ? { traceId, spanId } : undefined;
}
