import {
  context,
  createNoopMeter,
  metrics,
  trace,
  type Context,
  type Counter,
  type Histogram,
  type Meter,
} from '@opentelemetry/api';
import { durationBoundaries } from './duration-boundaries.ts';
import { processRegistry } from './process-registry.ts';
import type { Labels } from './series.ts';

/** Labels as both kinds of metrics take them. */
export type MetricAttributes = Readonly<Record<string, string | number>>;

const scope = '@graylane/telemetry';

/**
 * A counter that goes to the OpenTelemetry SDK where one is registered, also later, and otherwise
 * to the registry of this process, which the management port serves.
 */
export function counter(
  name: string,
  description: string,
  unit: string,
): (by: number, attributes: MetricAttributes) => void {
  const fromSdk = instrumentOf<Counter>((meter) => meter.createCounter(name, { description, unit }));
  const own = once(() => processRegistry().counter(`${prometheusName(name)}_total`, `${description}.`));
  return (by, attributes) => {
    const sdk = fromSdk();
    if (sdk) sdk.add(by, attributes);
    else own()(labelsOf(attributes)).add(by);
  };
}

/**
 * A histogram of seconds, in the same places. In the registry it keeps an exemplar: the trace of
 * the given OTel context.
 */
export function durationHistogram(
  name: string,
  description: string,
): (seconds: number, attributes: MetricAttributes, otelContext?: Context) => void {
  const advice = { explicitBucketBoundaries: [...durationBoundaries] };
  const fromSdk = instrumentOf<Histogram>((meter) =>
    meter.createHistogram(name, { description, unit: 's', advice }),
  );
  const own = once(() =>
    processRegistry().histogram(`${prometheusName(name)}_seconds`, `${description}.`, durationBoundaries),
  );
  return (seconds, attributes, otelContext = context.active()) => {
    const sdk = fromSdk();
    if (sdk) sdk.record(seconds, attributes, otelContext);
    else own()(labelsOf(attributes)).observe(seconds, trace.getSpanContext(otelContext));
  };
}

/** The instrument of the SDK that is registered now; undefined without an SDK. */
function instrumentOf<Instrument>(create: (meter: Meter) => Instrument): () => Instrument | undefined {
  let provider: unknown;
  let instrument: Instrument | undefined;
  return () => {
    const current = metrics.getMeterProvider();
    if (current !== provider) {
      provider = current;
      const meter = current.getMeter(scope);
      instrument = meter === createNoopMeter() ? undefined : create(meter);
    }
    return instrument;
  };
}

function once<T>(create: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= create());
}

function labelsOf(attributes: MetricAttributes): Labels {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [prometheusName(name), String(value)]),
  );
}

function prometheusName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, '_');
}
