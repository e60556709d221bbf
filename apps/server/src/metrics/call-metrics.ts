import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import type { HistogramSeries, MetricRegistry } from '@graylane/telemetry/management';

import { RequestError } from '../model/request-error.ts';
import { latencyBoundaries } from './latency-boundaries.ts';
import type { RefusalMetrics } from './refusal-metrics.ts';

/** Durations of the calls of the gRPC port, by protocol, method and status. */
export class CallMetrics {
  readonly #refusals: RefusalMetrics;
  readonly #durations: (labels: Readonly<Record<string, string>>) => HistogramSeries;

  constructor(registry: MetricRegistry, refusals: RefusalMetrics) {
    this.#refusals = refusals;
    this.#durations = registry.histogram(
      'rpc_server_call_duration_seconds',
      'Duration of RPC server calls, without streams.',
      latencyBoundaries,
    );
  }

  /** The outermost interceptor: it sees the status of each call. */
  readonly interceptor: Interceptor = (next) => async (request) => {
    const startedAt = performance.now();
    const protocol = protocolOf(request.header.get('content-type') ?? '');
    const record = (status: string): void => {
      const { service, method } = request;
      this.#durations({
        rpc_system_name: protocol,
        rpc_method: `${service.typeName}/${method.name}`,
        rpc_response_status_code: status,
      }).observe((performance.now() - startedAt) / 1000);
    };
    try {
      const response = await next(request);
      if (response.stream) {
        return { ...response, message: this.#watched(response.message, protocol) };
      }
      record('OK');
      return response;
    } catch (error) {
      record(nameOf(ConnectError.from(error).code));
      this.#countRefusal(protocol, error);
      throw error;
    }
  };

  async *#watched<T>(messages: AsyncIterable<T>, protocol: string): AsyncGenerator<T> {
    try {
      yield* messages;
    } catch (error) {
      this.#countRefusal(protocol, error);
      throw error;
    }
  }

  #countRefusal(protocol: string, error: unknown): void {
    const { cause } = ConnectError.from(error);
    if (cause instanceof RequestError) this.#refusals.count(protocol, cause.code);
  }
}

function protocolOf(type: string): string {
  if (type.startsWith('application/grpc-web')) return 'grpc-web';
  return type.startsWith('application/grpc') ? 'grpc' : 'connect';
}

/** A status as gRPC spells it, e.g. `NOT_FOUND`. */
function nameOf(code: Code): string {
  return Code[code].replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}
