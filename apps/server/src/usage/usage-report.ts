import type { MetricsReceived } from '../signals/intake.ts';
import type { Attributes } from '../signals/source.ts';
import type { UsageSample } from './flag-usage.ts';

/** The metric by which providers report their evaluations. */
const metric = 'graylane.flag.evaluations';

/** The evaluations that the points of an export report. */
export function* samplesOf({ points, receivedAt: at }: MetricsReceived): Generator<UsageSample> {
  for (const { name, source, attributes, data } of points) {
    if (name !== metric || data.kind !== 'sum' || data.temporality !== 'delta' || !(data.value > 0)) continue;
    const flagKey = text(attributes, 'feature_flag.key');
    if (flagKey === undefined) continue;
    yield {
      flagKey,
      service: source.service,
      variant: text(attributes, 'feature_flag.result.variant'),
      lane: text(attributes, 'lane'),
      rule: text(attributes, 'graylane.rule.id'),
      count: data.value,
      at,
    };
  }
}

/** A name; a longer one is not of a flag. */
function text(attributes: Attributes, key: string): string | undefined {
  const value = attributes.get(key);
  return typeof value === 'string' && value.length <= 1000 ? value : undefined;
}
