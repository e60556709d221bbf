import {
  propagation,
  type Context,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from '@opentelemetry/api';
import { isSuppressed } from './emit.ts';
import { formatBaggage } from './format-baggage.ts';
import { RequestCell } from './request-cell.ts';
import { withCell } from './request-context.ts';
import { W3cBaggage } from './w3c-baggage.ts';

/** How `GraylaneBaggagePropagator` sends. */
export interface PropagatorOptions {
  /**
   * `adapters`: only our adapters send, each under its egress policy, so that a client that nobody wrapped sends nothing.
   * `always`: whatever OpenTelemetry instruments sends all baggage, to anybody, as the stock propagator does. Default: `always`.
   */
  readonly inject?: 'always' | 'adapters';
}

const header = 'baggage';

/**
 * A drop-in for OpenTelemetry's `W3CBaggagePropagator`. What it extracts is not yet trusted: a middleware's ingress policy decides
 * what stays, in the same request cell.
 */
export class GraylaneBaggagePropagator implements TextMapPropagator {
  readonly #inject: 'always' | 'adapters';

  constructor({ inject = 'always' }: PropagatorOptions = {}) {
    this.#inject = inject;
  }

  inject(otelContext: Context, carrier: unknown, setter: TextMapSetter): void {
    const baggage = propagation.getBaggage(otelContext);
    if (this.#inject === 'adapters' || baggage === undefined || isSuppressed(otelContext)) return;
    const value = formatBaggage(baggage);
    if (value !== '') setter.set(carrier, header, value);
  }

  extract(otelContext: Context, carrier: unknown, getter: TextMapGetter): Context {
    return withCell(otelContext, new RequestCell(W3cBaggage.read(getter.get(carrier, header) ?? '')));
  }

  fields(): string[] {
    return [header];
  }
}
