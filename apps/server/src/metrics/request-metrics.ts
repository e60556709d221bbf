import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HistogramSeries, MetricRegistry } from '@graylane/telemetry/management';

import { latencyBoundaries } from './latency-boundaries.ts';
import type { RefusalMetrics } from './refusal-metrics.ts';

/** The status of a response that the client did not wait for, as in the logs of nginx. */
const abandoned = 499;

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Durations of the requests of the HTTP port, by protocol, method, route and status. */
export class RequestMetrics {
  readonly #refusals: RefusalMetrics;
  readonly #durations: (labels: Readonly<Record<string, string>>) => HistogramSeries;
  readonly #series = new Map<string, HistogramSeries>();

  constructor(registry: MetricRegistry, refusals: RefusalMetrics) {
    this.#refusals = refusals;
    this.#durations = registry.histogram(
      'http_server_request_duration_seconds',
      'Duration of HTTP server requests, without streams.',
      latencyBoundaries,
    );
  }

  /** Records a request at its end; `route` is its template, undefined for an unknown path. */
  observe(request: IncomingMessage, response: ServerResponse, route: string | undefined): void {
    const startedAt = performance.now();
    const { method = '' } = request;
    response.on('close', () => {
      const protocol = protocolOf(route);
      const status = response.writableFinished ? response.statusCode : abandoned;
      if (status >= 400) this.#refusals.countResponse(protocol, response);
      this.#seriesOf(protocol, method, route, status).observe((performance.now() - startedAt) / 1000);
    });
  }

  #seriesOf(protocol: string, method: string, route = '', status: number): HistogramSeries {
    const key = `${method} ${status} ${route}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      const known = methods.has(method) ? method : '_OTHER';
      series = this.#durations({
        protocol,
        http_request_method: known,
        http_route: route,
        http_response_status_code: String(status),
      });
      // Methods come from clients: one that is not known has no entry of its own.
      if (known === method) this.#series.set(key, series);
    }
    return series;
  }
}

/** The protocol of a route of the HTTP port. */
function protocolOf(route: string | undefined): string {
  if (route === undefined) return 'other';
  if (route.startsWith('/ofrep/')) return 'ofrep';
  if (route.startsWith('/v1/')) return 'otlp';
  return route.startsWith('/api/') ? 'admin' : 'health';
}
