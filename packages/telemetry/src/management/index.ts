export {
  isManagementRequest,
  managementServer,
  type ManagementOptions,
  type ManagementServer,
} from './management-server.ts';
export type { ReadingOptions } from './readings.ts';
export type { Check, Checks, HealthReport } from './checks.ts';
export type { TokenCheck, TokenVerdict } from './access.ts';
export type { MetricsSource } from './metrics-endpoint.ts';
export type { CrashOptions } from '../crash/watch-for-crash.ts';
export type { SnapshotLimits } from '../profiles/heap-snapshot.ts';
export {
  requestLog,
  type EndRequest,
  type FinishedRequest,
  type ObservedRequest,
  type OpenRequest,
  type RequestInFlight,
  type RequestLog,
} from '../requests/request-log.ts';
export {
  reportConfiguration,
  type ConfigurationLabels,
  type ConfigurationReporter,
  type ConfigurationState,
} from '../readings/configuration.ts';
export { processRegistry } from '../metrics/process-registry.ts';
export { MetricRegistry, type Family, type SeriesOf } from '../metrics/registry.ts';
export type { Exemplar, HistogramSeries, Labels, NumberSeries } from '../metrics/series.ts';
