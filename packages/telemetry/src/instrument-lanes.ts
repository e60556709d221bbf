import { setCallListener, type CallListener } from '@graylane/baggage';
import { checkOptions } from './check-options.ts';
import { MetricLabels, type MetricLabelOptions } from './lanes/metric-labels.ts';
import { callRecorder } from './signals/call-recorder.ts';
import type { SignalAttributeOptions } from './lanes/lane-of.ts';
import { LaneLogRecordProcessor } from './signals/log-record-processor.ts';
import { LaneSpanProcessor } from './signals/span-processor.ts';
import { laneViews, type LaneView } from './signals/views.ts';

/** The known lanes, and the attributes that signals show beside the lane. */
export interface InstrumentLanesOptions extends MetricLabelOptions, SignalAttributeOptions {}

/** The parts for an OpenTelemetry SDK. */
export interface LaneTelemetry {
  readonly spanProcessor: LaneSpanProcessor;
  readonly logRecordProcessor: LaneLogRecordProcessor;
  readonly views: LaneView[];
  /**
   * Records the calls that adapters report. It is the listener of the process already; call it for
   * clients that no adapter wraps.
   */
  readonly calls: CallListener;
}

/**
 * Returns the parts with which an OpenTelemetry SDK, 2.x or 3.x, shows the lane in every signal.
 * Processors come before the exporting ones. From here on, the adapters of `@graylane/baggage`
 * record the durations of their calls; the last call of this function sets their labels.
 * @throws {TypeError} if an option does not exist or a lane can't have such a name.
 */
export function instrumentLanes(options: InstrumentLanesOptions): LaneTelemetry {
  checkOptions('instrumentLanes', options, ['lanes', 'labels', 'baggage']);
  const { baggage = [], ...labels } = options;
  const calls = callRecorder(new MetricLabels(labels));
  setCallListener(calls);
  return {
    spanProcessor: new LaneSpanProcessor({ baggage }),
    logRecordProcessor: new LaneLogRecordProcessor({ baggage }),
    views: laneViews(labels),
    calls,
  };
}
