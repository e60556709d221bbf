import { formatBaggage, parseBaggage } from '@graylane/baggage';
import { propagation, type Context, type TextMapPropagator } from '@opentelemetry/api';

/**
 * The codec behind OpenTelemetry's interface, without any policy: what it reads and writes can be
 * compared with the stock propagator.
 */
export const codecPropagator: TextMapPropagator = {
  extract: (otelContext, carrier, getter): Context =>
    propagation.setBaggage(otelContext, parseBaggage(getter.get(carrier, 'baggage') ?? '')),
  inject: (otelContext, carrier, setter) => {
    const baggage = propagation.getBaggage(otelContext);
    const header = baggage && formatBaggage(baggage);
    if (header) setter.set(carrier, 'baggage', header);
  },
  fields: () => ['baggage'],
};
