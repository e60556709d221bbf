export { instrumentLanes, type InstrumentLanesOptions, type LaneTelemetry } from './instrument-lanes.ts';
export { LaneSpanProcessor } from './signals/span-processor.ts';
export { LaneLogRecordProcessor } from './signals/log-record-processor.ts';
export { laneViews, type LaneView } from './signals/views.ts';
export type { SignalAttributeOptions } from './lanes/lane-of.ts';
export type { Call, CallKind, CallListener, EndCall } from '@graylane/baggage';
export type { MetricLabelOptions } from './lanes/metric-labels.ts';
export type { MetricAttributes } from './metrics/instruments.ts';
export { laneMetrics, type LaneMetrics } from './metrics/lane-metrics.ts';
export { durationBoundaries } from './metrics/duration-boundaries.ts';
export { laneMixin } from './logs/lane-mixin.ts';
export { laneFormat, type LaneFormat } from './logs/lane-format.ts';
export { laneConsole, type LoggingConsole } from './logs/lane-console.ts';
export type { LogFieldOptions, LogFields } from './logs/log-fields.ts';
export { evaluationHook, type EvaluationHook, type EvaluationHookOptions } from './flags/evaluation-hook.ts';
export type { EvaluationEventOptions } from './flags/event-attributes.ts';
export { observeConfiguration, type OpenFeatureEvents } from './flags/observe-configuration.ts';
export type { EvaluatedFlag, HookContext } from './flags/hook-types.ts';
export {
  cacheHitRatio,
  declaredSlis,
  sli,
  type LatencySli,
  type RatioSli,
  type SliOptions,
} from './sli/sli.ts';
export { tagActiveRequest, tagRequests, type TagOptions, type TagRequests } from './tags/tag-requests.ts';
export type { TagCarrier, TagSource } from './tags/tag-source.ts';
export type { Tags } from './tags/request-tags.ts';
export { routeHook } from './routes/route-hook.ts';
export { messageHook } from './signals/message-hook.ts';
export { setRoute } from './routes/request-route.ts';
export { LaneContextManager } from './profiles/lane-context-manager.ts';
export { managementServer, type ManagementOptions, type ManagementServer } from './management/index.ts';
