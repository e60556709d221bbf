import { SpanKind, trace, type Attributes, type Context, type Span } from '@opentelemetry/api';
import { requestLog, type EndRequest } from '../requests/request-log.ts';
import { routeOfSpan } from '../routes/request-route.ts';
import {
  requestOf,
  laneOf,
  signalAttributes,
  type RequestOfSignal,
  type SignalAttributeOptions,
} from './lane-of.ts';

/** The part of the SDK's span that a processor uses, the same in 2.x and 3.x. */
interface SdkSpan extends Span {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  readonly status?: { readonly code: number };
}

/** A span that has ended: it takes no attributes any more, but its own object is what exporters read. */
interface EndedSpan {
  readonly attributes: Attributes;
}

const failed = 2;

/**
 * Writes the lane, tags and allowed baggage on each span, when it starts and again when it ends: a request that is dyed in the edge
 * itself shows its lane on the span that was there before. Implements the span processor of SDK 2.x and 3.x.
 */
export class LaneSpanProcessor {
  readonly #keys: readonly string[];
  readonly #requests = new WeakMap<object, RequestOfSignal>();
  readonly #ends = new WeakMap<object, EndRequest>();

  constructor({ baggage = [] }: SignalAttributeOptions = {}) {
    this.#keys = baggage;
  }

  onStart(span: SdkSpan, parentContext: Context): void {
    if (!span.isRecording()) return;
    const request = requestOf(parentContext);
    this.#requests.set(span, request);
    span.setAttributes(signalAttributes(request, this.#keys));
    this.#adoptFor(parentContext, request);
    if (span.kind === SpanKind.SERVER || span.kind === SpanKind.CONSUMER) this.#observe(span);
  }

  /** Both SDK lines call this while the span still takes attributes. */
  onEnding(span: SdkSpan): void {
    const request = this.#requests.get(span);
    if (request) span.setAttributes(signalAttributes(request, this.#keys));
    this.#ends.get(span)?.({ failed: span.status?.code === failed });
  }

  /** For an SDK without `onEnding`. Its processor must come before the exporting one. */
  onEnd(span: EndedSpan): void {
    const request = this.#requests.get(span);
    if (request && span.attributes['lane'] !== laneOf(request)) {
      Object.assign(span.attributes, signalAttributes(request, this.#keys));
    }
    this.#ends.get(span)?.();
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}

  /**
   * Where the global propagator is not ours, the middleware makes the request's cell when the server span has begun. An inner span
   * brings both together.
   */
  #adoptFor(parentContext: Context, request: RequestOfSignal): void {
    const parent = trace.getSpan(parentContext);
    if (parent && request !== parentContext && this.#requests.has(parent) && !this.#hasCell(parent)) {
      this.#requests.set(parent, request);
    }
  }

  #hasCell(span: Span): boolean {
    return !('getValue' in (this.#requests.get(span) ?? { getValue: true }));
  }

  #observe(span: SdkSpan): void {
    const text = (name: string): string | undefined => {
      const value = span.attributes?.[name];
      return typeof value === 'string' ? value : undefined;
    };
    const method = text('http.request.method') ?? text('messaging.operation.name');
    const end = requestLog().start({
      protocol: text('rpc.system') ?? text('messaging.system') ?? 'http',
      ...(method === undefined ? {} : { method }),
      route: () =>
        text('http.route') ?? routeOfSpan(span) ?? text('rpc.method') ?? text('messaging.destination.name'),
      lane: () => laneOf(this.#requests.get(span) ?? parentless),
      traceId: span.spanContext().traceId,
    });
    this.#ends.set(span, end);
  }
}

const parentless: Context = {
  getValue: () => undefined,
  setValue: () => parentless,
  deleteValue: () => parentless,
};
