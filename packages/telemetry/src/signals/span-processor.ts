import { baseline } from '@graylane/baggage';
import { SpanKind, trace, type Attributes, type Context, type Span } from '@opentelemetry/api';
import { requestLog, type EndRequest, type RequestLog } from '../requests/request-log.ts';
import { routeOfSpan } from '../routes/request-route.ts';
import {
  isContext,
  laneOf,
  requestOf,
  signalAttributes,
  type RequestOfSignal,
  type SignalAttributeOptions,
} from '../lanes/lane-of.ts';

/** The part of the SDK's span that a processor uses, the same in 2.x and 3.x. */
interface SdkSpan extends Span {
  readonly name?: string;
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  readonly status?: { readonly code: number };
}

/**
 * A span that has ended: `setAttribute` has no effect any more, but exporters read this object.
 */
interface EndedSpan {
  readonly attributes: Attributes;
}

/** The state of an open span. */
interface OpenSpan {
  request: RequestOfSignal;
  end: EndRequest | undefined;
}

/** A property of the span: a weak map of all spans would cost the garbage collector more. */
const openKey = Symbol('graylane open span');

interface Holder {
  [openKey]?: OpenSpan | undefined;
}

const failed = 2;

/**
 * Writes the lane, tags and allowed baggage on each span when it ends: a request that is dyed in
 * the edge itself shows its lane on the span that was there before. Implements the span processor
 * of SDK 2.x and 3.x.
 */
export class LaneSpanProcessor {
  readonly #keys: readonly string[];
  readonly #log: RequestLog = requestLog();

  constructor({ baggage = [] }: SignalAttributeOptions = {}) {
    this.#keys = baggage;
  }

  onStart(span: SdkSpan, parentContext: Context): void {
    if (!span.isRecording()) return;
    const open: OpenSpan = { request: requestOf(parentContext), end: undefined };
    (span as Holder)[openKey] = open;
    adoptForParent(parentContext, open.request);
    if (span.kind === SpanKind.SERVER || span.kind === SpanKind.CONSUMER)
      open.end = this.#observe(span, open);
  }

  /** Both SDK lines call this while the span still takes attributes. */
  onEnding(span: SdkSpan): void {
    const open = (span as Holder)[openKey];
    if (open === undefined) return;
    (span as Holder)[openKey] = undefined;
    span.setAttributes({ ...signalAttributes(open.request, this.#keys), ...decisionsOf(open) });
    open.end?.(span.status?.code === failed);
  }

  /** For an SDK without `onEnding`. Its processor must come before the exporting one. */
  onEnd(span: EndedSpan): void {
    const open = (span as Holder)[openKey];
    if (open === undefined) return;
    (span as Holder)[openKey] = undefined;
    Object.assign(span.attributes, signalAttributes(open.request, this.#keys), decisionsOf(open));
    open.end?.(false);
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}

  #observe(span: SdkSpan, open: OpenSpan): EndRequest {
    const text = (name: string): string | undefined => {
      const value = span.attributes?.[name];
      return typeof value === 'string' ? value : undefined;
    };
    // The instrumentation of gRPC sets the attributes after the start.
    const isGrpc = span.name?.startsWith('grpc.') === true;
    const method = text('http.request.method') ?? text('messaging.operation.name');
    return this.#log.start({
      protocol: text('rpc.system') ?? text('messaging.system') ?? (isGrpc ? 'grpc' : 'http'),
      ...(method === undefined ? {} : { method }),
      route: () =>
        text('http.route') ??
        routeOfSpan(span) ??
        procedureOf(text('rpc.service'), text('rpc.method')) ??
        text('messaging.destination.name'),
      lane: () => laneOf(open.request),
      traceId: span.spanContext().traceId,
    });
  }
}

/** A procedure as metrics name it: `shop.Payments/Charge`. */
function procedureOf(service: string | undefined, method: string | undefined): string | undefined {
  return service === undefined || method === undefined ? method : `${service}/${method}`;
}

/** Sets the request of an open span, if it began in no request or in that of a batch. */
export function setRequestOf(span: object, request: RequestOfSignal): void {
  const open = (span as Holder)[openKey];
  if (open) open.request = request;
}

/**
 * The decisions about a request, for the flag server's map: its pins, e.g. `fees=on`, and whether
 * the service that got the request has dyed it.
 */
function decisionsOf({ request, end }: OpenSpan): Attributes {
  if (isContext(request)) return {};
  const { pins, decision, lane } = request;
  const isServed = end !== undefined;
  const isDyed = isServed && decision !== undefined && decision.by !== 'ingress' && lane !== baseline;
  return {
    ...(pins.size > 0 && { 'graylane.pins': Array.from(pins, ([key, { variant }]) => `${key}=${variant}`) }),
    ...(isDyed && { 'graylane.dyed': true }),
  };
}

/**
 * Where the global propagator is not ours, the middleware makes the request's cell when the server
 * span has begun. An inner span brings both together.
 */
function adoptForParent(parentContext: Context, request: RequestOfSignal): void {
  if (isContext(request)) return;
  const parent = trace.getSpan(parentContext) as Holder | undefined;
  const open = parent?.[openKey];
  if (open && isContext(open.request)) open.request = request;
}
