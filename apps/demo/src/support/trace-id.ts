import { trace } from '@opentelemetry/api';

/** The id of the trace that OpenTelemetry carries beside the baggage: the same in every service. */
export function activeTraceId(): string {
  return trace.getActiveSpan()?.spanContext().traceId ?? '0'.repeat(32);
}
