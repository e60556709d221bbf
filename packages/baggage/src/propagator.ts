import {
  propagation,
  type Context,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from '@opentelemetry/api';
import { admitInto } from './policy/admit.ts';
import { isSuppressed } from './policy/emit.ts';
import { formatBaggage } from './codec/format.ts';
import { checkIngress, type IngressPolicy } from './policy/ingress.ts';
import { RequestCell } from './request/cell.ts';
import { withCell } from './request/context.ts';
import { W3cBaggage } from './codec/lazy-baggage.ts';

/** How `GraylaneBaggagePropagator` sends. */
export interface PropagatorOptions {
  /**
   * `adapters`: only our adapters send, each under its egress policy, so that a client that nobody wrapped sends nothing.
   * `always`: whatever OpenTelemetry instruments sends all baggage, to anybody, as the stock propagator does. Default: `always`.
   */
  readonly inject?: 'always' | 'adapters';
  /**
   * What comes in, for services that have none of our middleware: what one of them lets in is its own policy's. It judges the message
   * as it came, whatever this one has let in. Default: all comes in.
   */
  readonly ingress?: IngressPolicy;
}

const header = 'baggage';

/**
 * A drop-in for OpenTelemetry's `W3CBaggagePropagator`. Without an ingress policy, what it extracts is not yet trusted: a middleware
 * decides what stays, in the same request cell.
 */
export class GraylaneBaggagePropagator implements TextMapPropagator {
  readonly #inject: 'always' | 'adapters';
  readonly #ingress: IngressPolicy | undefined;

  /** @throws {TypeError} where the ingress policy can't work. */
  constructor({ inject = 'always', ingress }: PropagatorOptions = {}) {
    if (ingress) checkIngress(ingress);
    this.#inject = inject;
    this.#ingress = ingress;
  }

  inject(otelContext: Context, carrier: unknown, setter: TextMapSetter): void {
    const baggage = propagation.getBaggage(otelContext);
    if (this.#inject === 'adapters' || baggage === undefined || isSuppressed(otelContext)) return;
    const value = formatBaggage(baggage);
    if (value !== '') setter.set(carrier, header, value);
  }

  extract(otelContext: Context, carrier: unknown, getter: TextMapGetter): Context {
    const headers = getter.get(carrier, header) ?? '';
    if (this.#ingress === undefined) return withCell(otelContext, new RequestCell(W3cBaggage.read(headers)));
    const cell = new RequestCell();
    admitInto(cell, [headers].flat(), this.#ingress, laneHeader(this.#ingress, carrier, getter));
    return withCell(otelContext, cell);
  }

  fields(): string[] {
    return [header];
  }
}

function laneHeader(policy: IngressPolicy, carrier: unknown, getter: TextMapGetter): string | undefined {
  const name = policy.mode === 'accept' ? policy.laneHeader : undefined;
  return name && [getter.get(carrier, name.toLowerCase())].flat()[0];
}
