import { ServerResponse, type ClientRequest, type IncomingMessage } from 'node:http';
import { context, createContextKey } from '@opentelemetry/api';
import { routeOf, setRequestOfSpan } from './request-route.ts';

/**
 * The RPC metadata of `@opentelemetry/core`; the http instrumentation reads `http.route` there when
 * a response ends.
 */
const rpcMetadata = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');

/**
 * A `responseHook` for OpenTelemetry's http instrumentation, 0.2xx and 0.3xx: spans and metrics get
 * the right `http.route` without the instrumentation of express.
 *
 *     new HttpInstrumentation({ responseHook: routeHook });
 */
export function routeHook(span: object, response: ServerResponse | IncomingMessage | ClientRequest): void {
  if (!(response instanceof ServerResponse)) return;
  setRequestOfSpan(span, response.req);
  const metadata = context.active().getValue(rpcMetadata) as { route?: string } | undefined;
  if (metadata === undefined) return;
  // The instrumentation adds its listener after this hook, so this one is first.
  response.once('close', () => {
    const route = routeOf(response.req);
    if (route !== undefined) metadata.route ??= route;
  });
}
