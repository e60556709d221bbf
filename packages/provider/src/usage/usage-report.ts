import type { UsageRow } from './flag-use.ts';

/** Which service reports. */
export interface Reporter {
  readonly service: string;
  readonly instance: string;
}

/**
 * Writes rows as an export of OTLP's metrics: a sum of `graylane.flag.evaluations` between two
 * times, in milliseconds since 1970, with the attributes of the semantic conventions. The
 * evaluation context and values stay in the service.
 */
export function usageReport(
  rows: readonly UsageRow[],
  { service, instance }: Reporter,
  fromMs: number,
  toMs: number,
): string {
  const startTimeUnixNano = nanoseconds(fromMs);
  const timeUnixNano = nanoseconds(toMs);
  const dataPoints = rows.map((row) => ({
    startTimeUnixNano,
    timeUnixNano,
    asInt: String(row.count),
    attributes: attributesOf(row),
  }));
  const name = 'graylane.flag.evaluations';
  const sum = { aggregationTemporality: delta, isMonotonic: true, dataPoints };
  const scopeMetrics = [
    { scope: { name: '@graylane/provider' }, metrics: [{ name, unit: '{evaluation}', sum }] },
  ];
  const attributes = [text('service.name', service), text('service.instance.id', instance)];
  return JSON.stringify({ resourceMetrics: [{ resource: { attributes }, scopeMetrics }] });
}

/** OTLP's `AggregationTemporality`. */
const delta = 1;

function attributesOf({ flagKey, variant, reason, lane, rule }: UsageRow): object[] {
  return [
    text('feature_flag.key', flagKey),
    text('feature_flag.result.reason', reason.toLowerCase()),
    ...(variant === undefined ? [] : [text('feature_flag.result.variant', variant)]),
    text('lane', lane),
    ...(rule === undefined ? [] : [text('graylane.rule.id', rule.id)]),
  ];
}

function text(key: string, stringValue: string): object {
  return { key, value: { stringValue } };
}

function nanoseconds(ms: number): string {
  return `${Math.trunc(ms)}000000`;
}
