import type { Attributes, Span, SpanKind } from '@opentelemetry/api';
import { laneOf, type RequestOfSignal } from '../lanes/lane-of.ts';
import type { ObservedRequest, OpenRequest } from '../requests/request-log.ts';
import { routeOfSpan } from '../routes/request-route.ts';

/** The part of the SDK's span that a processor uses, the same in 2.x and 3.x. */
export interface SdkSpan extends Span {
  readonly name?: string;
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  readonly status?: { readonly code: number };
}

/**
 * The state of an open span. One that serves a request is an entry of the request log, too: its
 * members are read when the log is shown, because instrumentations set attributes after the start,
 * and most requests are never shown.
 */
export class OpenSpan implements ObservedRequest {
  request: RequestOfSignal;
  /** Whether the span is that of a server or a consumer. */
  readonly isServed: boolean;
  /** Its entry in the log, if it is followed there. */
  entry: OpenRequest | undefined = undefined;
  readonly #span: SdkSpan;

  constructor(span: SdkSpan, request: RequestOfSignal, isServed: boolean) {
    this.#span = span;
    this.request = request;
    this.isServed = isServed;
  }

  get protocol(): string {
    // The instrumentation of gRPC sets the attributes after the start.
    const unknown = this.#span.name?.startsWith('grpc.') === true ? 'grpc' : 'http';
    return this.#text('rpc.system') ?? this.#text('messaging.system') ?? unknown;
  }

  get method(): string | undefined {
    return this.#text('http.request.method') ?? this.#text('messaging.operation.name');
  }

  get traceId(): string {
    return this.#span.spanContext().traceId;
  }

  lane(): string {
    return laneOf(this.request);
  }

  route(): string | undefined {
    return (
      this.#text('http.route') ??
      routeOfSpan(this.#span) ??
      procedureOf(this.#text('rpc.service'), this.#text('rpc.method')) ??
      this.#text('messaging.destination.name')
    );
  }

  #text(name: string): string | undefined {
    const value = this.#span.attributes?.[name];
    return typeof value === 'string' ? value : undefined;
  }
}

/** A procedure as metrics name it: `shop.Payments/Charge`. */
function procedureOf(service: string | undefined, method: string | undefined): string | undefined {
  return service === undefined || method === undefined ? method : `${service}/${method}`;
}
