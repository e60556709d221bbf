import { GraylaneBaggagePropagator } from '@graylane/baggage';
import type { TextMapPropagator } from '@opentelemetry/api';
import { create, type LoadDependency } from './exporters.ts';

/**
 * The propagators that `OTEL_PROPAGATORS` names, with ours for baggage: only our adapters send it,
 * so a client that is not wrapped sends no baggage.
 * @throws {TypeError} if the variable names a propagator that does not exist here.
 */
export function propagatorOf(names: readonly string[], load: LoadDependency): TextMapPropagator {
  const propagators = names.filter((name) => name !== 'none').map((name) => single(name, load));
  return create(load, '@opentelemetry/core', 'CompositePropagator', { propagators }) as TextMapPropagator;
}

function single(name: string, load: LoadDependency): object {
  switch (name) {
    case 'tracecontext':
      return create(load, '@opentelemetry/core', 'W3CTraceContextPropagator');
    case 'baggage':
      return new GraylaneBaggagePropagator({ inject: 'adapters' });
    case 'b3':
      return create(load, '@opentelemetry/propagator-b3', 'B3Propagator');
    case 'b3multi':
      return create(load, '@opentelemetry/propagator-b3', 'B3Propagator', { injectEncoding: 1 });
    default:
      throw new TypeError(`OTEL_PROPAGATORS has "${name}": use tracecontext, baggage, b3, b3multi or none`);
  }
}
