import { ServerResponse, type ClientRequest, type IncomingMessage } from 'node:http';
import { context, createContextKey } from '@opentelemetry/api';
import { routeOf, setRequestOfSpan } from './request-route.ts';

/**
 * The RPC metadata of `@opentelemetry/core`; the http instrumentation reads `http.route` there when
 * a response ends.
 */
const rpcMetadata = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');

const responseKey = Symbol('graylane response');
const routeKey = Symbol('graylane route');

interface RpcMetadata {
  route?: string | undefined;
  [responseKey]?: ServerResponse;
  [routeKey]?: string | undefined;
}

/**
 * Computes the route when the instrumentation reads it. A listener on the response would run in an
 * OTel context of its own, because the instrumentation binds every listener: that costs as much as
 * all else that is done for the lane. The functions are the same for all requests, so that V8 keeps
 * one shape.
 */
const routeProperty: PropertyDescriptor & ThisType<RpcMetadata> = {
  configurable: true,
  enumerable: true,
  get() {
    const response = this[responseKey];
    if (this[routeKey] !== undefined || response === undefined) return this[routeKey];
    const route = routeOf(response.req);
    // Before its end, a later handler can match another route.
    if (response.writableEnded) this[routeKey] = route;
    return route;
  },
  /** An instrumentation of a framework knows better. */
  set(route: string | undefined) {
    this[routeKey] = route;
  },
};

/**
 * A `responseHook` for OpenTelemetry's http instrumentation, 0.2xx and 0.3xx: spans and metrics get
 * the right `http.route` without the instrumentation of express.
 *
 *     new HttpInstrumentation({ responseHook: routeHook });
 */
export function routeHook(span: object, response: ServerResponse | IncomingMessage | ClientRequest): void {
  if (!(response instanceof ServerResponse)) return;
  setRequestOfSpan(span, response.req);
  const metadata = context.active().getValue(rpcMetadata) as RpcMetadata | undefined;
  if (metadata === undefined) return;
  metadata[responseKey] = response;
  metadata[routeKey] = metadata.route;
  Object.defineProperty(metadata, 'route', routeProperty);
}
