/**
 * The name of an attribute as a label: characters that Prometheus does not allow become `_`.
 * Attributes of OTLP and labels of Prometheus are compared by it.
 */
export function labelName(attribute: string): string {
  return attribute.replaceAll(/[^A-Za-z0-9_]/g, '_');
}

/**
 * The name of a metric as Prometheus has it, without the suffix of its unit or kind:
 * `http.server.request.duration` and `http_server_request_duration_seconds` are one metric.
 */
export function metricName(name: string): string {
  return labelName(name).replace(/_(?:seconds|total)$/, '');
}
