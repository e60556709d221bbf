import {
  propagation,
  type Context,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from '@opentelemetry/api';
import { checkOptions } from './check-options.ts';
import { GraylaneBaggage } from './codec/graylane-baggage.ts';
import { formatAll } from './lane/format-baggage.ts';
import { extractInto } from './policy/admit.ts';
import { isSuppressed, outgoingOf } from './policy/emit.ts';
import { checkIngress, type IngressPolicy } from './policy/ingress.ts';
import { RequestCell } from './request/cell.ts';
import { admittedCarriers, getCell, withCell } from './request/context.ts';
import { ignoreUnadmitted } from './request/unadmitted.ts';

/** The options of `GraylaneBaggagePropagator`. */
export interface PropagatorOptions {
  /**
   * `adapters`: only graylane's adapters send, each under its egress policy, so that a client that
   * is not wrapped sends nothing. `always`: every client that OpenTelemetry instruments sends all
   * baggage to every destination, as the stock propagator does. Default: `adapters`.
   */
  readonly inject?: 'always' | 'adapters';
  /**
   * The baggage that is admitted in services without a middleware of graylane. A middleware applies
   * its own policy to the original headers. Default: `{ mode: 'strip' }`.
   */
  readonly ingress?: IngressPolicy;
}

const header = 'baggage';
const example = "new GraylaneBaggagePropagator({ ingress: { mode: 'accept', keys: ['lane'] } })";

/**
 * Takes the place of OpenTelemetry's `W3CBaggagePropagator`. By default it admits nothing and sends
 * nothing by itself: a middleware judges the request later, in the cell that this propagator leaves
 * in the OTel context, and adapters send.
 */
export class GraylaneBaggagePropagator implements TextMapPropagator {
  readonly #inject: 'always' | 'adapters';
  readonly #ingress: IngressPolicy;

  /** @throws {TypeError} if an option is unknown, or the ingress policy can't be used. */
  constructor(options: PropagatorOptions = {}) {
    checkOptions('GraylaneBaggagePropagator', options, { inject: 'string?', ingress: 'object?' }, example);
    const { inject = 'adapters', ingress = { mode: 'strip' } } = options;
    if (inject !== 'adapters' && inject !== 'always') {
      throw new TypeError(`inject must be "adapters" or "always", got ${JSON.stringify(inject)}`);
    }
    checkIngress(ingress);
    this.#inject = inject;
    this.#ingress = ingress;
  }

  inject(otelContext: Context, carrier: unknown, setter: TextMapSetter): void {
    if (this.#inject === 'adapters' || isSuppressed(otelContext)) return;
    const baggage = propagation.getBaggage(otelContext);
    if (baggage === undefined || (baggage instanceof GraylaneBaggage && baggage.isHidden)) return;
    const cell = getCell(otelContext);
    if (cell === undefined) {
      ignoreUnadmitted(otelContext);
      return;
    }
    const value = formatAll(outgoingOf(cell, baggage), cell.laneKey);
    if (value !== '') setter.set(carrier, header, value);
  }

  extract(otelContext: Context, carrier: unknown, getter: TextMapGetter): Context {
    const admitted = admittedCell(carrier);
    if (admitted !== undefined) return withCell(otelContext, admitted);
    const headers = getter.get(carrier, header) ?? '';
    const cell = new RequestCell();
    cell.carrier = carrier;
    const alias = this.#ingress.mode === 'accept' ? this.#ingress.laneHeader : undefined;
    const lane = alias && [getter.get(carrier, alias.toLowerCase())].flat()[0];
    extractInto(cell, typeof headers === 'string' ? [headers] : headers, this.#ingress, lane);
    return withCell(otelContext, cell);
  }

  fields(): string[] {
    return [header];
  }
}

/**
 * Instrumentation of gRPC extracts inside of our interceptor, from metadata that the interceptor
 * has judged.
 */
function admittedCell(carrier: unknown): RequestCell | undefined {
  return typeof carrier === 'object' && carrier !== null ? admittedCarriers.get(carrier) : undefined;
}
