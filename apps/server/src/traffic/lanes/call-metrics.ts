import type { MetricPoint } from '../../signals/metric-point.ts';
import type { Attributes } from '../../signals/source.ts';

/** The metrics of the requests and messages that a service has served. */
const served: ReadonlySet<string> = new Set([
  'http.server.request.duration',
  'rpc.server.call.duration',
  'rpc.server.duration',
  'messaging.process.duration',
]);

/** Whether a point counts requests or messages that its service has served. */
export function countsCalls({ name }: MetricPoint): boolean {
  return served.has(name);
}

/** Whether the calls of a series failed, by the semantic conventions for servers. */
export function isFailure(attributes: Attributes): boolean {
  const status = attributes.get('http.response.status_code');
  if (status !== undefined) return Number(status) >= 500;
  const code = attributes.get('rpc.grpc.status_code');
  return attributes.has('error.type') || (code !== undefined && Number(code) !== 0);
}

/** Whether calls took their time in this unit; instruments of other units have no latency here. */
export function secondsOf({ unit }: MetricPoint): number | undefined {
  if (unit === 's' || unit === '') return 1;
  return unit === 'ms' ? 0.001 : undefined;
}
