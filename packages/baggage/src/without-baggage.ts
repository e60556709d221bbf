import { propagation, type Context } from '@opentelemetry/api';

/** The OTel context for the inside of a client: instrumentation that injects whatever the context holds finds nothing there. */
export function withoutBaggage(otelContext: Context): Context {
  return propagation.deleteBaggage(otelContext);
}
