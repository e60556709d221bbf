import { MetricRegistry } from '@graylane/telemetry/management';
import { EvaluationMetrics } from './evaluation-metrics.ts';
import { RefusalMetrics } from './refusal-metrics.ts';
import { RequestMetrics } from './request-metrics.ts';
import { StreamMetrics } from './stream-metrics.ts';

/**
 * The metrics of one server, which its management port serves. Names follow OpenTelemetry's
 * semantic conventions where they have one, in Prometheus' spelling.
 */
export class ServerMetrics {
  readonly registry: MetricRegistry = new MetricRegistry();
  readonly refusals: RefusalMetrics = new RefusalMetrics(this.registry);
  readonly requests: RequestMetrics = new RequestMetrics(this.registry, this.refusals);
  readonly evaluations: EvaluationMetrics = new EvaluationMetrics(this.registry);
  readonly streams: StreamMetrics = new StreamMetrics(this.registry);
}
