import type { Context } from '@opentelemetry/api';
import type { MetricLabels } from '../lanes/metric-labels.ts';
import { durationHistogram, type MetricAttributes } from '../metrics/instruments.ts';

/** The durations of calls, under the names of the semantic conventions. */
export type CallKind =
  | 'http.client.request'
  | 'rpc.client.call'
  | 'rpc.server.call'
  | 'messaging.client.operation'
  | 'messaging.process';

/**
 * A call that begins: its kind, the OTel context of its request, and the attributes known so far.
 */
export interface Call {
  readonly kind: CallKind;
  readonly otelContext: Context;
  /**
   * By the semantic conventions, e.g. `{ 'rpc.system': 'grpc', 'rpc.method': 'shop.Payments/Charge'
   * }`. Bounded in number.
   */
  readonly attributes: MetricAttributes;
}

/**
 * Ends a call, with the attributes that its end adds, e.g. `{ 'error.type': '13' }`. A second call
 * does nothing.
 */
export type EndCall = (attributes?: MetricAttributes) => void;

/**
 * Receives calls. Adapters report them, because they know the request, which OpenTelemetry's
 * instrumentations do not.
 */
export interface CallListener {
  start(call: Call): EndCall;
}

/**
 * Records calls as `<kind>.duration` in seconds, by the lane that the request has at the call's
 * end. OpenTelemetry's own metrics show the lane of another request for fetch and undici, and no
 * lane for gRPC and Kafka.
 */
export function callRecorder(labels: MetricLabels): CallListener {
  const histograms = new Map<CallKind, ReturnType<typeof durationHistogram>>();
  return {
    start: ({ kind, otelContext, attributes }) => {
      const startedAt = performance.now();
      let isOpen = true;
      return (atEnd = {}) => {
        if (!isOpen) return;
        isOpen = false;
        const record = histograms.get(kind) ?? durationHistogram(`${kind}.duration`, `Duration of ${kind}`);
        histograms.set(kind, record);
        const seconds = (performance.now() - startedAt) / 1000;
        record(seconds, { ...attributes, ...atEnd, ...labels.of(otelContext) }, otelContext);
      };
    },
  };
}
