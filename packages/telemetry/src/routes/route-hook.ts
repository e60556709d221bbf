import { ServerResponse, type ClientRequest, type IncomingMessage } from 'node:http';
import { context, createContextKey } from '@opentelemetry/api';
import { routeOf, setRequestOfSpan } from './request-route.ts';

/**
 * The RPC metadata of `@opentelemetry/core`; the http instrumentation reads `http.route` there when
 * a response ends.
 */
const rpcMetadata = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');

interface RpcMetadata {
  route?: string;
}

const metadataKey = Symbol('graylane rpc metadata');

interface Hooked extends ServerResponse {
  [metadataKey]?: RpcMetadata;
}

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
  (response as Hooked)[metadataKey] = metadata;
  // The instrumentation adds its listener after this hook, so this one is first.
  response.on('close', writeRoute);
}

/** One listener for all responses: a closure for each would cost more than the route. */
function writeRoute(this: Hooked): void {
  const metadata = this[metadataKey];
  if (metadata === undefined || metadata.route !== undefined) return;
  const route = routeOf(this.req);
  if (route !== undefined) metadata.route = route;
}
