import { context, type Attributes, type Context } from '@opentelemetry/api';
import { MetricLabels, type MetricLabelOptions } from '../lanes/metric-labels.ts';
import { durationBoundaries } from '../metrics/duration-boundaries.ts';

/** A view of the metrics SDK, the same in 2.x and 3.x. */
export interface LaneView {
  readonly instrumentName: string;
  /** The view is for this meter alone. Absent: for all. */
  readonly meterName?: string;
  readonly aggregation: {
    /** `AggregationType.EXPLICIT_BUCKET_HISTOGRAM`. */
    readonly type: 4;
    readonly options: { readonly recordMinMax: boolean; readonly boundaries: number[] };
  };
  readonly attributesProcessors: {
    process(this: void, attributes: Attributes, otelContext?: Context): Attributes;
  }[];
}

/**
 * Views that add the lane to OpenTelemetry's server durations and to those of `node:http` clients,
 * and give all HTTP durations boundaries that are 20 % apart. The client durations of fetch and
 * undici stay without a lane: undici records them in the OTel context that opened the pooled
 * connection, so the lane would be that of another request. Our adapters record those instead.
 */
export function laneViews(options: MetricLabelOptions): LaneView[] {
  const labels = new MetricLabels(options);
  const byLane = {
    process: (attributes: Attributes, otelContext: Context = context.active()) =>
      labels.with(attributes, otelContext),
  };
  return [
    view('http.server.request.duration', undefined, [byLane]),
    view('http.client.request.duration', '@opentelemetry/instrumentation-http', [byLane]),
    view('http.client.request.duration', '@opentelemetry/instrumentation-undici', []),
  ];
}

function view(
  instrumentName: string,
  meterName: string | undefined,
  attributesProcessors: LaneView['attributesProcessors'],
): LaneView {
  return {
    instrumentName,
    ...(meterName === undefined ? {} : { meterName }),
    aggregation: { type: 4, options: { recordMinMax: true, boundaries: [...durationBoundaries] } },
    attributesProcessors,
  };
}
