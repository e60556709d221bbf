import type { CallKind, CallListener } from '@graylane/baggage';
import type { MetricLabels } from '../lanes/metric-labels.ts';
import { requestOf } from '../lanes/lane-of.ts';
import { durationHistogram } from '../metrics/instruments.ts';
import { spanOfMessage } from './message-hook.ts';
import { setRequestOf } from './span-processor.ts';

/**
 * Records calls as `<kind>.duration` in seconds, by the lane that the request has at the call's
 * end. OpenTelemetry's own metrics show the lane of another request for fetch and undici, and no
 * lane for gRPC and Kafka.
 */
export function callRecorder(labels: MetricLabels): CallListener {
  const histograms = new Map<CallKind, ReturnType<typeof durationHistogram>>();
  return {
    start: ({ kind, otelContext, attributes, message }) => {
      const span = message && spanOfMessage(message);
      if (span) setRequestOf(span, requestOf(otelContext));
      const startedAt = performance.now();
      let isOpen = true;
      return (atEnd = {}) => {
        if (!isOpen) return;
        isOpen = false;
        const record = histograms.get(kind) ?? durationHistogram(`${kind}.duration`, `Duration of ${kind}`);
        histograms.set(kind, record);
        const seconds = (performance.now() - startedAt) / 1000;
        record(seconds, labels.with({ ...attributes, ...atEnd }, otelContext), otelContext);
      };
    },
  };
}
