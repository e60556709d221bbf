import { getCell, type RequestCell } from '@graylane/baggage';
import { context, trace } from '@opentelemetry/api';
import { laneOf, requestOf } from '../lanes/lane-of.ts';
import { tagsOf } from '../tags/request-tags.ts';

/** The fields that log lines show beside the lane and the trace. */
export interface LogFieldOptions {
  /** The name of this service. Default: `OTEL_SERVICE_NAME`, or else none. */
  readonly service?: string;
  /** The baggage keys that lines show under their own name. Default: none. */
  readonly baggage?: readonly string[];
}

/** The fields of one log line; those that are unknown are absent. */
export type LogFields = Record<string, string>;

/**
 * Makes a function that returns the fields of a line in the active OTel context, within a span or
 * outside of one.
 */
export function logFields({
  service = process.env['OTEL_SERVICE_NAME'],
  baggage = [],
}: LogFieldOptions = {}): () => LogFields {
  return () => {
    const active = context.active();
    const fields: LogFields = { lane: laneOf(requestOf(active)) };
    if (service !== undefined && service !== '') fields['service'] = service;
    const span = trace.getSpanContext(active);
    if (span) {
      fields['trace_id'] = span.traceId;
      fields['span_id'] = span.spanId;
    }
    const cell = getCell(active);
    return cell ? addRequest(fields, cell, baggage) : fields;
  };
}

function addRequest(fields: LogFields, cell: RequestCell, keys: readonly string[]): LogFields {
  for (const [name, value] of Object.entries(tagsOf(cell))) {
    fields[name === 'requestId' ? 'request_id' : name] = value;
  }
  for (const key of keys) {
    const value = cell.baggage.getEntry(key)?.value;
    if (value !== undefined) fields[key] = value;
  }
  return fields;
}
